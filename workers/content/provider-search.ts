import { iterateBounded } from '../stack/bounded-iteration.ts'

/** Repeated provider lookups with an increasing pause between them. */
export interface ProviderSearch {
  /** Starts a lookup unless one is running or the pause after the last one has not elapsed. */
  startIfDue(): void
  /** Resets the pause after progress. */
  reset(): void
  /** Whether at least one lookup has completed. */
  hasCompleted(): boolean
}

/** Maximum peers taken from one lookup: a fetch tracks no more. */
const maxPeers = 256

/** Pause between two lookups (ms), doubled after each up to the maximum. */
const initialPauseMs = 1_000
const maxPauseMs = 8_000

export const createProviderSearch = (
  find: () => AsyncIterable<string>,
  onFound: (peer: string) => void,
  ended: AbortSignal,
  now: () => number,
): ProviderSearch => {
  let searching = false
  let hasCompleted = false
  let pauseMs = initialPauseMs
  let nextAt = Number.NEGATIVE_INFINITY

  const search = async (): Promise<void> => {
    searching = true
    try {
      for await (const peer of iterateBounded(find(), maxPeers)) {
        if (ended.aborted) return
        onFound(peer)
      }
    } catch {
      // A failed lookup finds no provider; the next one may.
    } finally {
      searching = false
      hasCompleted = true
      nextAt = now() + pauseMs
      pauseMs = Math.min(maxPauseMs, pauseMs * 2)
    }
  }

  return {
    startIfDue() {
      if (!searching && !ended.aborted && now() >= nextAt) void search()
    },
    reset() {
      pauseMs = initialPauseMs
    },
    hasCompleted: () => hasCompleted,
  }
}
