import { relayedBytes, relayedDurationMs } from '../stack/limits.ts'
import { createLruMap } from '../stack/lru-map.ts'

/**
 * Upload quota of each peer over relayed connections. A relay limits each connection, but a peer may open one after
 * another, and together they would crowd out all other peers that reach this tab through the same relay. Bounded.
 */
export interface RelayedQuota {
  /** Whether more may be sent to the peer now. */
  hasQuota(peer: string): boolean
  sent(peer: string, bytes: number): void
}

/** Quota of one peer for the lifetime of one relayed connection (bytes): an install of several packages. */
const quotaBytes = 4 * relayedBytes

/** Maximum tracked peers; the one with the oldest quota period is evicted. */
const maxPeers = 256

export const createRelayedQuota = (now: () => number): RelayedQuota => {
  const usageByPeer = createLruMap<{ bytes: number; since: number }>(maxPeers)

  const currentUsage = (peer: string): { bytes: number; since: number } | undefined => {
    const usage = usageByPeer.peek(peer)
    if (usage === undefined || now() - usage.since < relayedDurationMs) return usage
    usageByPeer.delete(peer)
    return undefined
  }

  return {
    hasQuota: (peer) => (currentUsage(peer)?.bytes ?? 0) < quotaBytes,
    sent(peer, bytes) {
      const usage = currentUsage(peer)
      if (usage !== undefined) {
        usage.bytes += bytes
        return
      }
      usageByPeer.set(peer, { bytes, since: now() })
    },
  }
}
