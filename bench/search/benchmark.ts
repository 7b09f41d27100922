import type { Remote } from 'comlink'
import type { Figure } from '../lib/measurement.ts'
import { withWorkerPage } from '../lib/worker-page.ts'
import type { QueryKind } from './corpus.ts'
import type { SearchBenchCommands } from './page/worker.ts'

type BenchWindow = { bench: { worker: Remote<SearchBenchCommands> } }

/** Target for p95 of a search in the worker, by number of packages (ms). `SEARCH_SIZES=1000` chooses some. */
const targetMsBySize: Readonly<Record<number, number>> = { 1000: 10, 10000: 30, 100000: 150 }
const sizes = (process.env['SEARCH_SIZES'] ?? Object.keys(targetMsBySize).join(',')).split(',').map(Number)

/** Usual queries; `unkind` is what a script or a pasted sentence may contain. */
const usual: readonly QueryKind[] = ['typing', 'typo', 'words', 'browse']

/** Search in a worker of a real Chromium over synthetic catalogues of several sizes. */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withWorkerPage<Figure>(new URL('./page/', import.meta.url), async function* (page) {
    const ask = (kind: QueryKind): Promise<number[]> =>
      page.evaluate((kind) => (window as unknown as BenchWindow).bench.worker.ask(kind), kind)
    for (const size of sizes) {
      log(`${size} packages`)
      const puts = await page.evaluate((n) => (window as unknown as BenchWindow).bench.worker.fill(n), size)
      yield { scenario: `search ${size}: put a package`, unit: 'ms', samples: puts }
      // The first queries compile the code.
      for (const kind of usual) await ask(kind)
      const target = { target: targetMsBySize[size] ?? Number.NaN, targetAt: 'p95' } as const
      const all: number[] = []
      for (const kind of usual) {
        const samples = await ask(kind)
        all.push(...samples)
        yield { scenario: `search ${size}: ${kind}`, unit: 'ms', samples }
      }
      yield { scenario: `search ${size}: all of these`, unit: 'ms', samples: all, ...target }
      yield { scenario: `search ${size}: six misspelt words`, unit: 'ms', samples: await ask('unkind'), ...target }
    }
  })
}
