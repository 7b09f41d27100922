import { yieldToEventLoop } from './event-loop.ts'

/**
 * Bounds for loops over what strangers supply. How long such a loop runs must not be theirs to say, and whatever it does,
 * the event loop has its turn in between.
 */

/** Items that one task of the event loop takes. */
const itemsPerTask = 16

/** The first `max` of `supplied`, a few in each task of the event loop. Ends the source when it ends before it. */
export async function* inTurns<T>(supplied: Iterable<T> | AsyncIterable<T>, max: number): AsyncGenerator<T> {
  let taken = 0
  if (max <= 0) return
  for await (const item of supplied) {
    yield item
    taken += 1
    if (taken >= max) return
    if (taken % itemsPerTask === 0) await yieldToEventLoop()
  }
}

export interface WorkBudget {
  /** Takes one unit of work if any is left. */
  take(): boolean
  /** How long until there is one (ms); 0 when there is. */
  waitMs(): number
}

/** At most `max` units of work at once, refilled evenly over `perMs`. */
export const createWorkBudget = ({ max, perMs, now }: { max: number; perMs: number; now(): number }): WorkBudget => {
  let left = max
  let at = now()
  const refill = (): void => {
    const time = now()
    left = Math.min(max, left + ((time - at) * max) / perMs)
    at = time
  }
  return {
    take() {
      refill()
      if (left < 1) return false
      left -= 1
      return true
    },
    waitMs() {
      refill()
      return left >= 1 ? 0 : Math.ceil(((1 - left) * perMs) / max)
    },
  }
}
