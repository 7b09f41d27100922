import type { Remote } from 'comlink'
import { withWorkerPage } from '../lib/worker-page.ts'
import type { BenchCommands } from './page/worker.ts'
import { keyOf } from './values.ts'

type BenchWindow = {
  bench: { worker: Remote<BenchCommands>; hotFromPage(count: number, key: string): Promise<number[]> }
}

export interface BrowserSamples {
  puts: number[]
  flushed: number
  firstCold: number
  cold: number[]
  hotFromPage: number[]
}

/** Measures the cache over IndexedDB in a worker of a real Chromium. */
export const measureInBrowser = async function* (entries: number, hotHits: number): AsyncGenerator<BrowserSamples> {
  yield* withWorkerPage(new URL('./page/', import.meta.url), async function* (page) {
    const written = await page.evaluate((n) => (window as unknown as BenchWindow).bench.worker.write(n), entries)
    const read = await page.evaluate((n) => (window as unknown as BenchWindow).bench.worker.readCold(n), entries)
    const hotFromPage = await page.evaluate(
      ([count, key]) => (window as unknown as BenchWindow).bench.hotFromPage(count, key),
      [hotHits, keyOf(1)] as const,
    )
    yield { ...written, firstCold: read.first, cold: read.hits, hotFromPage }
  })
}
