import { yieldToEventLoop } from './event-loop.ts'

/** Items per task of the event loop. */
const itemsPerTask = 16

/**
 * Yields the first `max` items of `supplied`, a few per task of the event loop, so that untrusted input cannot block the
 * thread. Ends the source if it stops early.
 */
export async function* iterateBounded<T>(supplied: Iterable<T> | AsyncIterable<T>, max: number): AsyncGenerator<T> {
  let taken = 0
  if (max <= 0) return
  for await (const item of supplied) {
    yield item
    taken += 1
    if (taken >= max) return
    if (taken % itemsPerTask === 0) await yieldToEventLoop()
  }
}
