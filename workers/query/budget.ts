import { createLruMap } from '../stack/lru-map.ts'
import { createTokenBucket, type Rate, type TokenBucket } from '../stack/token-bucket.ts'

/**
 * Limits the CPU time that queries of other peers may take: one token bucket (ms of work) per peer and one for all, so
 * that costly queries leave room for fewer.
 *
 * Does not bound a single query; limits on its text and its answer do.
 */
export interface Budget {
  /**
   * Charges the minimum cost of a query. `refuse`: the budget is used up; `flood`: it has been used up for long and the
   * peer continues, which a peer that waits after a refusal never does.
   */
  take(peer: string): 'allow' | 'refuse' | 'flood'
  /** Charges the actual cost of an answer. */
  spend(peer: string, ms: number): void
}

/** Minimum cost of a query (ms): reading it and sending 48 KiB. */
const leastCostMs = 10

/** Budget per peer (ms, ms per second): a burst of 40 queries, then ten a second; a person typing causes about two. */
const perPeer: Rate = { burst: 400, perSecond: 100 }

/** Budget of all peers: a quarter of a core, since the local user comes first. */
const together: Rate = { burst: 1_000, perSecond: 250 }

/** Debt of a flooding peer (ms): refusals are charged too, so this is 40 refusals in a row. */
const floodDebtMs = 400

/** Peers remembered: more than are connected. The least recently active are evicted first; their budget has refilled. */
const maxPeers = 256

/** @param now Clock with any origin (ms). */
export const createBudget = (now: () => number): Budget => {
  const bucketByPeer = createLruMap<TokenBucket>(maxPeers)
  // The cost of an answer is known only afterwards and is charged in full.
  const all = createTokenBucket(together, now, Number.POSITIVE_INFINITY)

  const bucketOf = (peer: string): TokenBucket =>
    bucketByPeer.getOrCreate(peer, () => createTokenBucket(perPeer, now, floodDebtMs))

  return {
    take(peer) {
      const left = bucketOf(peer).take(leastCostMs)
      if (left <= -floodDebtMs) return 'flood'
      if (left < 0 || all.left() < leastCostMs) return 'refuse'
      all.take(leastCostMs)
      return 'allow'
    },
    spend(peer, ms) {
      const cost = Math.max(0, ms - leastCostMs)
      // The peer does not control the cost of an answer: it leads to refusals, but never counts as a flood.
      const own = bucketOf(peer)
      own.take(Math.min(cost, Math.max(own.left(), 0)))
      all.take(cost)
    },
  }
}
