import { ANNOUNCEMENT_MAX_BYTES } from '../protocol/limits.ts'
import { createLruMap } from './lru-map.ts'
import { createTokenBucket, type Rate, type TokenBucket } from './token-bucket.ts'

/**
 * Rate limits on gossip per peer, per publisher and overall. Pure except for its clock; remembers a bounded number of
 * peers and publishers.
 *
 * A peer that applies these limits never breaks another's: it forwards at most `announcements` overall, well below
 * `messages`, the only limit with a penalty. Traffic over any other limit is dropped without penalty, since a peer cannot
 * know what else this node receives; sync catches up.
 */
export interface GossipRateLimits {
  /** Call before decoding a frame: false if the peer sends more than any honest one. */
  admitFrame(peer: string, bytes: number): boolean
  /** Call before handling a message: `drop` it, or also penalise the peer (`flood`). */
  admitMessage(peer: string): 'take' | 'drop' | 'flood'
  /** Call before checking signatures: whether the publisher is within its rate. */
  admitAnnouncement(publisher: string): boolean
  /** Number of peers and publishers remembered. */
  remembered(): { peers: number; publishers: number }
  /** Call after validation with the number of signature checks and whether the announcement was new. */
  record(message: { peer: string; publisher: string; checks: number; isNew: boolean }): void
}

export interface GossipRates {
  /** Frames per peer: a few at each heartbeat, and one per message when many packages are published. */
  readonly frames: Rate
  /** Bytes per peer: a burst of the largest messages, and a backlog after a slow link. */
  readonly bytes: Rate
  /** Messages per peer; more is a flood. */
  readonly messages: Rate
  /** Signature checks per peer, at least one for each message; a core does some 15,000 a second. */
  readonly checks: Rate
  /** Announcements per publisher. */
  readonly publisherAnnouncements: Rate
  /** Announcements of all publishers, and so those that this node forwards. */
  readonly announcements: Rate
}

/** Sized for an honest network: hundreds of publications an hour, and now and then a whole class at once. */
export const gossipRates: GossipRates = {
  frames: { perSecond: 2_000, burst: 2_000 },
  bytes: { perSecond: 128 * ANNOUNCEMENT_MAX_BYTES, burst: 128 * ANNOUNCEMENT_MAX_BYTES },
  // Four times the rate of an honest forwarder; the burst is a backlog of 15 s or more after a stalled link.
  messages: { perSecond: 200, burst: 2_000 },
  // Some 25 announcements with one identity document each; at most 1 % of a core.
  checks: { perSecond: 100, burst: 1_000 },
  // The release of a monorepo; anything more arrives by sync within a minute.
  publisherAnnouncements: { perSecond: 2, burst: 200 },
  announcements: { perSecond: 50, burst: 500 },
}

/** Peers and publishers remembered, at about 200 bytes each; the least recently active are evicted. */
const maxRemembered = 4_096

/** @param now Monotonic clock (ms). */
export const createGossipRateLimits = (now: () => number, rates: GossipRates = gossipRates): GossipRateLimits => {
  const peers = createLruMap<ReturnType<typeof createPeer>>(maxRemembered)
  const createPeer = () => ({
    frames: createTokenBucket(rates.frames, now),
    bytes: createTokenBucket(rates.bytes, now),
    messages: createTokenBucket(rates.messages, now),
    checks: createTokenBucket(rates.checks, now),
  })
  const publishers = createLruMap<TokenBucket>(maxRemembered)
  const announcements = createTokenBucket(rates.announcements, now)

  return {
    admitFrame(peer, bytes) {
      const own = peers.getOrCreate(peer, createPeer)
      const isWithin = own.frames.hasSome() && own.bytes.hasSome()
      own.frames.take(1)
      own.bytes.take(bytes)
      return isWithin
    },
    admitMessage(peer) {
      const { messages, checks } = peers.getOrCreate(peer, createPeer)
      if (!messages.hasSome()) return 'flood'
      messages.take(1)
      if (!checks.hasSome()) return 'drop'
      checks.take(1)
      return 'take'
    },
    // Does not change state: an unverified message must not evict an honest publisher or use up its rate.
    admitAnnouncement: (publisher) => announcements.hasSome() && (publishers.peek(publisher)?.hasSome() ?? true),
    record({ peer, publisher, checks, isNew }) {
      peers.getOrCreate(peer, createPeer).checks.take(checks)
      if (!isNew) return
      publishers.getOrCreate(publisher, () => createTokenBucket(rates.publisherAnnouncements, now)).take(1)
      announcements.take(1)
    },
    remembered: () => ({ peers: peers.size(), publishers: publishers.size() }),
  }
}
