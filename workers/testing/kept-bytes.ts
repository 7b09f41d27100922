import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc: (options: { type: 'major'; execution: 'sync' }) => void = runInNewContext('gc')

/** All of it, within the call. */
export const collectGarbage = (): void => gc({ type: 'major', execution: 'sync' })

/** Bytes that this thread holds when all garbage is gone. */
const heldBytes = async (): Promise<number> => {
  for (let time = 0; time < 2; time += 1) {
    collectGarbage()
    // What is freed by a callback of its own, as the memory of buffers.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Bytes that stay after each of several rounds of the same work: the least that any of them added, after one that warms
 * up. What leaks adds to each round; what the engine compiles or caches meanwhile, and when, is not the same in all.
 */
export const keptBytes = async (rounds: number, round: () => unknown): Promise<number> => {
  await round()
  let least = Number.POSITIVE_INFINITY
  let before = await heldBytes()
  for (let done = 0; done < rounds; done += 1) {
    await round()
    const after = await heldBytes()
    least = Math.min(least, after - before)
    before = after
  }
  return least
}
