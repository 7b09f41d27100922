import { createLruMap } from '../stack/lru-map.ts'
import { createTokenBucket, type Rate, type TokenBucket } from '../stack/token-bucket.ts'

/**
 * How much of this peer's time others may take with their questions: a token bucket (in ms of work) for each of them,
 * and one for all together, so that a question that costs more leaves room for fewer.
 *
 * Not guaranteed: a bound on one question; its text and its answer are limited for that.
 */
export interface Budget {
  /**
   * Takes what a question costs at least. `refuse`: nothing is left; `flood`: nothing was left for long, and the peer
   * goes on all the same, which one that was refused and waits cannot come to.
   */
  take(peer: string): 'allow' | 'refuse' | 'flood'
  /** Takes what answering cost. */
  spend(peer: string, ms: number): void
}

/** Reading a question and sending 48 KiB, ms: what an answer costs that is found at once. */
const leastCostMs = 10

/** For one peer: 40 questions at once, then ten a second; a person who types asks about two. Ms, and ms a second. */
const perPeer: Rate = { burst: 400, perSecond: 100 }

/** For all together, a quarter of a core: what the person at this peer does comes first. */
const together: Rate = { burst: 1_000, perSecond: 250 }

/** Refusals cost the least, too. A peer with this debt was refused 40 times in a row, ms. */
const floodDebtMs = 400

/** Peers remembered: more than are connected. Those that wait longest are forgotten first, and they have most left. */
const maxPeers = 256

/** @param now ms, of any origin. */
export const createBudget = (now: () => number): Budget => {
  const bucketByPeer = createLruMap<TokenBucket>(maxPeers)
  // What an answer costs is known when it was given: all of it is paid.
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
      // What a question cost is not the asker's fault: it is refused the next ones, but never taken for a flood by it.
      const own = bucketOf(peer)
      own.take(Math.min(cost, Math.max(own.left(), 0)))
      all.take(cost)
    },
  }
}
