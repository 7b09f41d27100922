/** Lets what waits for this thread run first: commands of the page, data that came. */
export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/**
 * Long work in slices: awaiting it returns at once while the slice lasts, and lets everything else run when the slice is
 * over. One is for one piece of work from beginning to end.
 */
export type YieldToEventLoop = () => Promise<void>

/** A slice (ms): with the work between two looks at the clock it stays well below the 50 ms that may block. */
const sliceMs = 8

export const createYieldToEventLoop = (now: () => number = () => performance.now()): YieldToEventLoop => {
  let end = now() + sliceMs
  return async () => {
    if (now() < end) return
    await yieldToEventLoop()
    end = now() + sliceMs
  }
}
