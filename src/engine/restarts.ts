/**
 * Restart policy of an engine that stopped answering. Pure.
 *
 * The cause of a hang may persist, so each restart waits longer, and after a few there are none until the user reloads
 * the page.
 */
export interface Restarts {
  /** Returns the delay of the next restart (ms); undefined after too many. */
  next(at: number): number | undefined
}

/** Delays of consecutive restarts (ms). */
const delaysMs = [0, 5_000, 20_000]

/** Uptime since the last restart after which an engine counts as recovered (ms). */
const recoveredMs = 600_000

export const createRestarts = (): Restarts => {
  let consecutive = 0
  let lastAt = Number.NEGATIVE_INFINITY
  return {
    next(at) {
      if (at - lastAt >= recoveredMs) consecutive = 0
      lastAt = at
      const delayMs = delaysMs[consecutive]
      consecutive += 1
      return delayMs
    },
  }
}
