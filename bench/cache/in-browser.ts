import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from '@playwright/test'
import type { Remote } from 'comlink'
import { build, preview } from 'vite'
import { chromiumFlags, ensureChromium } from '../../scripts/chromium.ts'
import type { BenchCommands } from './page/worker.ts'
import { keyOf } from './values.ts'

type BenchWindow = {
  bench: { worker: Remote<BenchCommands>; hotFromPage(count: number, key: string): Promise<number[]> }
}

/** An isolated page has a clock of 5 µs; another one, of 100. */
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

export interface BrowserSamples {
  puts: number[]
  flushed: number
  firstCold: number
  cold: number[]
  hotFromPage: number[]
}

/** Builds the page beside this file, and measures the cache in a worker of a real Chromium, over its IndexedDB. */
export const measureInBrowser = async (entries: number, hotHits: number): Promise<BrowserSamples> => {
  const root = fileURLToPath(new URL('./page', import.meta.url))
  const outDir = mkdtempSync(join(tmpdir(), 'ggen-bench-cache-'))
  const common = { root, configFile: false, logLevel: 'warn' } as const
  await build({ ...common, worker: { format: 'es' }, build: { outDir, emptyOutDir: true, target: 'esnext' } })
  const server = await preview({
    ...common,
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1', headers: isolation },
  })
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumFlags })
  try {
    const page = await browser.newPage()
    await page.goto(server.resolvedUrls?.local[0] ?? '')
    await page.waitForFunction(() => 'bench' in window)
    const written = await page.evaluate((n) => (window as unknown as BenchWindow).bench.worker.write(n), entries)
    const read = await page.evaluate((n) => (window as unknown as BenchWindow).bench.worker.readCold(n), entries)
    const hotFromPage = await page.evaluate(
      ([count, key]) => (window as unknown as BenchWindow).bench.hotFromPage(count, key),
      [hotHits, keyOf(1)] as const,
    )
    return { ...written, firstCold: read.first, cold: read.hits, hotFromPage }
  } finally {
    await browser.close()
    await server.close()
    rmSync(outDir, { recursive: true, force: true })
  }
}
