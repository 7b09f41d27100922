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
const perPeer = { burst: 400, refill: 100 }

/** For all together, a quarter of a core: what the person at this peer does comes first. */
const together = { burst: 1_000, refill: 250 }

/** Refusals cost the least, too. A peer this far below nothing was refused 40 times in a row, ms. */
const floodMs = -400

/** Peers remembered: more than are connected. Those that wait longest are forgotten first, and they have most left. */
const maxPeers = 256

interface Bucket {
  left: number
  at: number
}

/** @param now ms, of any origin. */
export const createBudget = (now: () => number): Budget => {
  const bucketByPeer = new Map<string, Bucket>()
  const all: Bucket = { left: together.burst, at: now() }

  const refill = (bucket: Bucket, { burst, refill: perSecond }: typeof perPeer): Bucket => {
    const time = now()
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, time - bucket.at) * perSecond) / 1_000)
    bucket.at = time
    return bucket
  }

  const bucketOf = (peer: string): Bucket => {
    const bucket = refill(bucketByPeer.get(peer) ?? { left: perPeer.burst, at: now() }, perPeer)
    // The one that asked last comes last.
    bucketByPeer.delete(peer)
    bucketByPeer.set(peer, bucket)
    const [oldest] = bucketByPeer.keys()
    if (bucketByPeer.size > maxPeers && oldest !== undefined) bucketByPeer.delete(oldest)
    return bucket
  }

  return {
    take(peer) {
      const own = bucketOf(peer)
      own.left = Math.max(own.left - leastCostMs, floodMs)
      if (own.left <= floodMs) return 'flood'
      refill(all, together)
      if (own.left < 0 || all.left < leastCostMs) return 'refuse'
      all.left -= leastCostMs
      return 'allow'
    },
    spend(peer, ms) {
      const cost = Math.max(0, ms - leastCostMs)
      // What a question cost is not the asker's fault: it is refused the next ones, but never taken for a flood by it.
      const own = bucketOf(peer)
      own.left = Math.min(own.left, Math.max(own.left - cost, 0))
      refill(all, together).left -= cost
    },
  }
}
