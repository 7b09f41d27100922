import { relayedBytes, relayedDurationMs } from '../stack/limits.ts'
import { createLruMap } from '../stack/lru-map.ts'

/**
 * How much content each peer is given over relayed connections. A relay bounds each connection, and a peer may make one
 * after the other: what they carry together would crowd out everybody who reaches this tab through the same relay. Bounded.
 */
export interface RelayedShares {
  /** Whether the peer may be given more now. */
  hasLeft(peer: string): boolean
  sent(peer: string, bytes: number): void
}

/** What one peer is given while one relayed connection may last: an install of several packages (bytes). */
const shareBytes = 4 * relayedBytes

/** Peers remembered; the one that began longest ago is forgotten for a new one. */
const maxPeers = 256

export const createRelayedShares = (now: () => number): RelayedShares => {
  const shares = createLruMap<{ bytes: number; since: number }>(maxPeers)

  const current = (peer: string): { bytes: number; since: number } | undefined => {
    const share = shares.peek(peer)
    if (share === undefined || now() - share.since < relayedDurationMs) return share
    shares.delete(peer)
    return undefined
  }

  return {
    hasLeft: (peer) => (current(peer)?.bytes ?? 0) < shareBytes,
    sent(peer, bytes) {
      const share = current(peer)
      if (share !== undefined) {
        share.bytes += bytes
        return
      }
      shares.set(peer, { bytes, since: now() })
    },
  }
}
