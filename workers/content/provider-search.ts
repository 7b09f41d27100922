import { iterateBounded } from '../stack/bounded-iteration.ts'

/** Looks for providers again and again, with a growing pause, for as long as somebody asks it to. */
export interface ProviderSearch {
  /** Begins a search, unless one is under way or the last one ended a moment ago. */
  look(): void
  /** Something was found out or brought: the next pause is a short one again. */
  reset(): void
  /** Whether one search has come to its end. */
  hasEnded(): boolean
}

/** Peers taken from one search: a fetch remembers no more. */
const maxFound = 256

/** Pause between two searches, ms; doubled after each, up to the second. */
const firstPauseMs = 1_000
const lastPauseMs = 8_000

export const createProviderSearch = (
  find: () => AsyncIterable<string>,
  onFound: (peer: string) => void,
  ended: AbortSignal,
  now: () => number,
): ProviderSearch => {
  let searching = false
  let hasEnded = false
  let pauseMs = firstPauseMs
  let nextAt = Number.NEGATIVE_INFINITY

  const search = async (): Promise<void> => {
    searching = true
    try {
      for await (const peer of iterateBounded(find(), maxFound)) {
        if (ended.aborted) return
        onFound(peer)
      }
    } catch {
      // A search that failed found nobody; the next one may.
    } finally {
      searching = false
      hasEnded = true
      nextAt = now() + pauseMs
      pauseMs = Math.min(lastPauseMs, pauseMs * 2)
    }
  }

  return {
    look() {
      if (!searching && !ended.aborted && now() >= nextAt) void search()
    },
    reset() {
      pauseMs = firstPauseMs
    },
    hasEnded: () => hasEnded,
  }
}
