import { yieldToEventLoop } from './event-loop.ts'

/** Items that one task of the event loop takes. */
const itemsPerTask = 16

/**
 * The first `max` of `supplied`, a few in each task of the event loop: how long a loop over what strangers supply runs must
 * not be theirs to say. Ends the source when it ends before it.
 */
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
