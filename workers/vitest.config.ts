import { fileURLToPath } from 'node:url'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { chromiumFlags, findChromium } from '../scripts/chromium.ts'

/** Two projects: `node`, and `web` for tests that need IndexedDB, workers, WebRTC or a document in Chromium. */
const root = fileURLToPath(new URL('..', import.meta.url))
const executablePath = findChromium()

/** Time after which a test counts as hung (ms); long enough that the load of the machine does not matter. */
const hangMs = 120_000

/** Settings of all tests in Node, also those of a mutation run. */
export const nodeTests = {
  testTimeout: hangMs,
  hookTimeout: hangMs,
  environment: 'node',
  setupFiles: ['workers/testing/wait-for-timeout.ts'],
  expect: { poll: { timeout: hangMs } },
  exclude: ['**/*.web.test.{ts,tsx}', '**/node_modules/**'],
}

export default defineConfig({
  root,
  test: {
    coverage: {
      provider: 'v8',
      reporter: ['text-summary', 'html'],
      include: ['{src,workers,relay}/**/*.{ts,tsx}'],
      exclude: ['**/*.test.{ts,tsx}', 'workers/testing/**', '**/fixtures/**', '**/*.config.ts'],
    },
    projects: [
      { root, test: { ...nodeTests, name: 'node', include: ['{src,workers,relay,scripts,bench}/**/*.test.{ts,tsx}'] } },
      {
        root,
        worker: { format: 'es' },
        test: {
          name: 'web',
          testTimeout: hangMs,
          hookTimeout: hangMs,
          setupFiles: ['workers/testing/wait-for-timeout.ts'],
          expect: { poll: { timeout: hangMs } },
          include: ['{src,workers}/**/*.web.test.{ts,tsx}'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { args: chromiumFlags, ...(executablePath === undefined ? {} : { executablePath }) },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
})
