import { createLruMap } from '../stack/lru-map.ts'
/**
 * To which peers a direct connection was tried without success, and when it may be tried again.
 *
 * Each try is an RTCPeerConnection on both sides, of which a browser allows a few hundred, and where the network lets
 * none through they all fail: so a peer is tried again after ten seconds once, then about once a minute, then every two.
 * Every part that dials peers directly asks here first, so that together they keep to that. Bounded; pure but for its clock.
 */
export interface DirectPaths {
  /** Whether a direct connection to this peer may be tried now. */
  mayTry(peer: string): boolean
  /** How long until then (ms); 0 when it may. */
  restMs(peer: string): number
  /** A try begins; several may run at once. The caller reports its end through the returned function. */
  begin(peer: string): (outcome: 'made' | 'failed' | 'cancelled') => void
  /** How long a try has been running (ms); undefined when none is. */
  tryingMs(peer: string): number | undefined
  /** The network may be another one now: all may be tried but those that have failed just now. */
  hurry(): void
}

/** Rests after the first, the second … failed try (ms): one may be chance, and a laptop may have changed its network. */
const restsMs = [10_000, 60_000, 60_000, 60_000, 120_000]

/** A path that failed is left alone for this long (ms), whatever happens: a person who switches between tabs wakes this one often. */
const leastRestMs = 10_000

/** Peers remembered; the one that failed longest ago is forgotten for a new one. */
const maxPeers = 512

export const createDirectPaths = (now: () => number): DirectPaths => {
  const failed = createLruMap<{ failures: number; at: number; until: number }>(maxPeers)
  const trying = new Map<string, { since: number; tries: number }>()

  const restMs = (peer: string): number => Math.max(0, (failed.peek(peer)?.until ?? 0) - now())

  const fail = (peer: string): void => {
    // Several tries at once that failed together are one failure.
    if (restMs(peer) > 0) return
    const failures = (failed.peek(peer)?.failures ?? 0) + 1
    failed.set(peer, { failures, at: now(), until: now() + (restsMs[Math.min(failures, restsMs.length) - 1] ?? 0) })
  }

  return {
    mayTry: (peer) => restMs(peer) === 0,
    restMs,
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
        if (outcome === 'failed') fail(peer)
        else if (outcome === 'made') failed.delete(peer)
      }
    },
    tryingMs(peer) {
      const entry = trying.get(peer)
      return entry === undefined ? undefined : now() - entry.since
    },
    hurry() {
      for (const entry of failed.values()) entry.until = Math.min(entry.until, entry.at + leastRestMs)
    },
  }
}
