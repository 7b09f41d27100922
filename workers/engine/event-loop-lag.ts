/** Longest delay of a timer: what blocks the worker's event loop delays everything that it does. */
export interface EventLoopLag {
  /** The longest delay (ms) since the last call; undefined without a measurement. */
  take(): number | undefined
  stop(): void
}

/** Interval of the timer (ms): a task that blocks for longer than this is noticed. */
const intervalMs = 100

/** A longer delay is a frozen tab or a sleeping machine (ms). */
const frozenMs = 10_000

/** @param now Monotonic clock (ms). */
export const watchEventLoop = (now: () => number): EventLoopLag => {
  let longest: number | undefined
  let dueAt = now() + intervalMs
  const measure = (): void => {
    const delay = Math.max(0, now() - dueAt)
    if (delay < frozenMs) longest = Math.max(longest ?? 0, delay)
    dueAt = now() + intervalMs
    timer = setTimeout(measure, intervalMs)
  }
  let timer = setTimeout(measure, intervalMs)
  return {
    take() {
      const taken = longest
      longest = undefined
      return taken
    },
    stop: () => clearTimeout(timer),
  }
}
