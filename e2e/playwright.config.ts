import { defineConfig } from '@playwright/test'
import { chromiumFlags, findChromium } from '../scripts/chromium.ts'

const executablePath = findChromium()

/** One worker and no retries: a flow that fails once has a bug. Each test starts its own relay. */
export default defineConfig({
  testDir: '.',
  outputDir: 'results',
  workers: 1,
  retries: 0,
  // Catches hanging tests only; the load of the machine must not decide.
  timeout: 240_000,
  forbidOnly: process.env['CI'] !== undefined,
  expect: { timeout: 60_000 },
  use: {
    browserName: 'chromium',
    launchOptions: { args: chromiumFlags, ...(executablePath === undefined ? {} : { executablePath }) },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
  },
})
