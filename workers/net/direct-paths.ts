import { createLruMap } from '../stack/lru-map.ts'

/**
 * Remembers failed attempts at direct connections, and when each peer may be tried again.
 *
 * Each attempt costs an RTCPeerConnection on both sides, of which a browser allows a few hundred, and on a network that
 * blocks them all attempts fail. So a peer is retried after ten seconds, then about once a minute, then every two. All
 * code that dials peers directly checks here first and shares these limits. Bounded; pure except for its clock.
 */
export interface DirectPaths {
  /** True if a direct connection to this peer may be tried now. */
  mayTry(peer: string): boolean
  /** Time until the next attempt is allowed (ms); 0 if it is allowed now. */
  retryInMs(peer: string): number
  /** Begins an attempt; several may run at once. The caller reports its end through the returned function. */
  begin(peer: string): (outcome: 'made' | 'failed' | 'cancelled') => void
  /** How long an attempt has been running (ms); undefined when none is. */
  tryingMs(peer: string): number | undefined
  /** Allows all attempts except the most recently failed: the network may have changed. */
  shortenBackoffs(): void
}

/** Backoff after the first, second … failure (ms). A single failure may be chance, or a laptop changed its network. */
const backoffsMs = [10_000, 60_000, 60_000, 60_000, 120_000]

/** Shortest backoff in any case (ms): a person who switches between tabs wakes this one often. */
const minBackoffMs = 10_000

/** Limit of tracked peers; a new one evicts the one that failed longest ago. */
const maxPeers = 512

/** @param onFailed called for each attempt that failed. */
export const createDirectPaths = (now: () => number, onFailed: () => void = () => {}): DirectPaths => {
  const failed = createLruMap<{ failures: number; at: number; until: number }>(maxPeers)
  const trying = new Map<string, { since: number; tries: number }>()

  const retryInMs = (peer: string): number => Math.max(0, (failed.peek(peer)?.until ?? 0) - now())

  const fail = (peer: string): void => {
    // Concurrent attempts that fail together count once.
    if (retryInMs(peer) > 0) return
    const failures = (failed.peek(peer)?.failures ?? 0) + 1
    const backoffMs = backoffsMs[Math.min(failures, backoffsMs.length) - 1] ?? 0
    failed.set(peer, { failures, at: now(), until: now() + backoffMs })
  }

  return {
    mayTry: (peer) => retryInMs(peer) === 0,
    retryInMs,
    begin(peer) {
      const tries = (trying.get(peer)?.tries ?? 0) + 1
      trying.set(peer, { since: trying.get(peer)?.since ?? now(), tries })
      let ended = false
      return (outcome) => {
        if (ended) return
        ended = true
        const entry = trying.get(peer)
        if (entry !== undefined && entry.tries > 1) entry.tries -= 1
        else trying.delete(peer)
        if (outcome === 'failed') {
          onFailed()
          fail(peer)
        } else if (outcome === 'made') failed.delete(peer)
      }
    },
    tryingMs(peer) {
      const entry = trying.get(peer)
      return entry === undefined ? undefined : now() - entry.since
    },
    shortenBackoffs() {
      for (const entry of failed.values()) entry.until = Math.min(entry.until, entry.at + minBackoffMs)
    },
  }
}
