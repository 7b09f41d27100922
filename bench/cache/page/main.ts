import { wrap } from 'comlink'
import type { BenchCommands } from './worker.ts'

const worker = wrap<BenchCommands>(new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))

/** Measures sequential hot hits from the page (ms). */
const hotFromPage = async (count: number, key: string): Promise<number[]> => {
  await worker.hold()
  const samples: number[] = []
  for (let n = 0; n < count; n += 1) {
    const before = performance.now()
    const from = await worker.get(key)
    samples.push(performance.now() - before)
    if (from !== 'hot') throw new Error(`${key} was ${from}`)
  }
  return samples
}

Object.assign(window, { bench: { worker, hotFromPage } })
