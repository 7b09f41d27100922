/** Lets pending tasks run first, such as commands of the page and received data. */
export const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

/**
 * Splits long work into slices: returns at once within a slice and yields to the event loop at its end. Create one for
 * each piece of work.
 */
export type YieldToEventLoop = () => Promise<void>

/** Duration of a slice (ms): with the work between two checks it stays well below the 50 ms of a long task. */
const sliceMs = 8

export const createYieldToEventLoop = (now: () => number = () => performance.now()): YieldToEventLoop => {
  let end = now() + sliceMs
  return async () => {
    if (now() < end) return
    await yieldToEventLoop()
    end = now() + sliceMs
  }
}
