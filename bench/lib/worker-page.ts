import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, type Page } from '@playwright/test'
import react from '@vitejs/plugin-react'
import { build, preview } from 'vite'
import { chromiumFlags, ensureChromium } from '../../scripts/chromium.ts'

/** The clock of an isolated page has steps of 5 µs, that of other pages 100 µs. */
const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

/** Builds the page of `folder`, opens it in Chromium and waits until it has set `window.bench`. */
export const withWorkerPage = async function* <T>(
  folder: URL,
  work: (page: Page) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const root = fileURLToPath(folder)
  const outDir = mkdtempSync(join(tmpdir(), 'ggen-bench-'))
  const common = { root, configFile: false, logLevel: 'warn' } as const
  try {
    await build({
      ...common,
      plugins: [react()],
      worker: { format: 'es' },
      build: { outDir, emptyOutDir: true, target: 'esnext', chunkSizeWarningLimit: 1200 },
    })
    const server = await preview({
      ...common,
      build: { outDir },
      preview: { port: 0, host: '127.0.0.1', headers: isolation },
    })
    try {
      const browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumFlags })
      try {
        const page = await browser.newPage()
        await page.goto(server.resolvedUrls?.local[0] ?? '')
        await page.waitForFunction(() => 'bench' in window)
        yield* work(page)
      } finally {
        await browser.close()
      }
    } finally {
      await server.close()
    }
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}
