/**
 * Long work in slices: `await pace()` goes on at once while the slice lasts, and lets everything else run when it is
 * over. A pace is for one piece of work from its beginning to its end.
 */
export type YieldToEventLoop = () => Promise<void>

/** A slice, ms: with what comes between two looks at the clock it stays well below the 50 ms that may block. */
const sliceMs = 8

export const createYieldToEventLoop = (now: () => number = () => performance.now()): YieldToEventLoop => {
  let end = now() + sliceMs
  return async () => {
    if (now() < end) return
    await new Promise((resolve) => setTimeout(resolve, 0))
    end = now() + sliceMs
  }
}
