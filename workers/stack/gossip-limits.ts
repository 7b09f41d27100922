import { ANNOUNCEMENT_MAX_BYTES } from '../protocol/limits.ts'
import { createLruMap } from './lru-map.ts'
import { createTokenBucket, type Rate, type TokenBucket } from './token-bucket.ts'

/**
 * How much gossip is taken: from one peer, of one publisher, and in all. Pure but for the clock that it is given; the
 * number of peers and publishers that it remembers is bounded.
 *
 * Whoever keeps to these limits itself never breaks another's: it passes on no more than `news` in all, which is well
 * below `messages`, the only limit whose breach is held against a peer. What is over any other limit is dropped without
 * blame, since a peer cannot know what else has come here; sync brings it.
 */
export interface GossipLimits {
  /** Before a frame is decoded: false when the peer sends more than any honest one. */
  admitFrame(peer: string, bytes: number): boolean
  /** Before anything is done with a message: `drop` it, or hold it against the peer too (`flood`). */
  admitMessage(peer: string): 'take' | 'drop' | 'flood'
  /** Before its signatures are checked: whether there is room for news of this publisher. */
  admitNews(publisher: string): boolean
  /** Peers and publishers that are remembered. */
  remembered(): { peers: number; publishers: number }
  /** After: how many signatures were checked for this peer's message, and whether it was news. */
  settle(message: { peer: string; publisher: string; checks: number; isNew: boolean }): void
}

export interface GossipRates {
  /** Frames of one peer: a few at each heartbeat, and a message each when many packages are published. */
  readonly frames: Rate
  /** Bytes of one peer: what it may send of the largest messages, and what it has kept while the link was slow. */
  readonly bytes: Rate
  /** Messages of one peer. Over it is a flood. */
  readonly messages: Rate
  /** Signature checks for one peer, one of them for each message; some 15,000 a second are a core's. */
  readonly checks: Rate
  /** News of one publisher. */
  readonly publisherNews: Rate
  /** News of all publishers, which is what this node passes on. */
  readonly news: Rate
}

/** The reasons are in the numbers of an honest network: hundreds of publications an hour, and now and then a class. */
export const gossipRates: GossipRates = {
  frames: { perSecond: 2_000, burst: 2_000 },
  bytes: { perSecond: 128 * ANNOUNCEMENT_MAX_BYTES, burst: 128 * ANNOUNCEMENT_MAX_BYTES },
  // Four times the news that an honest peer passes on; a link that was held up for 15 s lets its pile go at once.
  messages: { perSecond: 200, burst: 2_000 },
  // Some 25 announcements with an identity of one document; at most 1 % of a core.
  checks: { perSecond: 100, burst: 1_000 },
  // A monorepo released at once; more than that arrives by sync within a minute.
  publisherNews: { perSecond: 2, burst: 200 },
  news: { perSecond: 50, burst: 500 },
}

/** Peers and publishers whose rates are remembered, at about 200 bytes each; those not heard of longest are forgotten. */
const maxRemembered = 4_096

/** @param now ms, never going back. */
export const createGossipLimits = (now: () => number, rates: GossipRates = gossipRates): GossipLimits => {
  const peers = createLruMap<ReturnType<typeof createPeer>>(maxRemembered)
  const createPeer = () => ({
    frames: createTokenBucket(rates.frames, now),
    bytes: createTokenBucket(rates.bytes, now),
    messages: createTokenBucket(rates.messages, now),
    checks: createTokenBucket(rates.checks, now),
  })
  const publishers = createLruMap<TokenBucket>(maxRemembered)
  const news = createTokenBucket(rates.news, now)

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
    // Asking leaves no trace: a name in an unverified message must not push out or use up that of an honest publisher.
    admitNews: (publisher) => news.hasSome() && (publishers.peek(publisher)?.hasSome() ?? true),
    settle({ peer, publisher, checks, isNew }) {
      peers.getOrCreate(peer, createPeer).checks.take(checks)
      if (!isNew) return
      publishers.getOrCreate(publisher, () => createTokenBucket(rates.publisherNews, now)).take(1)
      news.take(1)
    },
    remembered: () => ({ peers: peers.size(), publishers: publishers.size() }),
  }
}
