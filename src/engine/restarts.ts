/**
 * How often an engine that does not answer is started again, and after how long. Pure.
 *
 * What makes it hang may be waiting for the next one too, so that each restart waits longer, and after a few of them there
 * are no more until a person loads the page.
 */
export interface Restarts {
  /** One is due: after how long (ms); undefined when there were too many. */
  next(at: number): number | undefined
}

/** How long the first, second … restart in a row waits (ms). */
const delaysMs = [0, 5_000, 20_000]

/** An engine that has run for this long since the last restart has recovered (ms). */
const recoveredMs = 600_000

export const createRestarts = (): Restarts => {
  let inARow = 0
  let lastAt = Number.NEGATIVE_INFINITY
  return {
    next(at) {
      if (at - lastAt >= recoveredMs) inARow = 0
      lastAt = at
      const delayMs = delaysMs[inARow]
      inARow += 1
      return delayMs
    },
  }
}
