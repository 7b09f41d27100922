import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const gc: (options: { type: 'major'; execution: 'sync' }) => void = runInNewContext('gc')

/** Runs a full, synchronous garbage collection. */
export const collectGarbage = (): void => gc({ type: 'major', execution: 'sync' })

/** Bytes that this thread holds after garbage collection. */
const heldBytes = async (): Promise<number> => {
  for (let time = 0; time < 2; time += 1) {
    collectGarbage()
    // Some memory, such as that of buffers, is freed in a later callback.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * Measures the bytes that each of several rounds of the same work leaks: the least growth of any round, after one to
 * warm up. A leak grows in every round; what the JavaScript engine compiles or caches varies between rounds.
 */
export const leakedBytes = async (rounds: number, round: () => unknown): Promise<number> => {
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
