import type { EndedTrace } from './span-recorder.ts'
import { createTokenBucket, type TokenBucket, type TokenBucketOptions } from './token-bucket.ts'

/**
 * Decides, once a trace has ended, whether it is kept. Frequent operations (a search on every key, an announcement) are
 * alike, so a sample of each name is enough; failed and slow traces are why people look, and exported ones were promised
 * to the collector, so these have a limit of their own that the frequent ones cannot use up.
 */
export type TailSampler = (trace: EndedTrace) => boolean

/** Of one name. */
const ordinary: TokenBucketOptions = { perSecond: 20, burst: 100 }

/** Of all names together. */
const preferred: TokenBucketOptions = { perSecond: 50, burst: 200 }

/** Duration (ms) from which a trace is slow: a person has noticed. */
export const slowTraceMs = 500

/** Names come from this program; the bound is for a mistake in it. */
const maxNames = 100
const otherNames = 'other'

/** @param monotonic Clock (ms). */
export const createTailSampler = (monotonic: () => number): TailSampler => {
  const bucketByName = new Map<string, TokenBucket>()
  const preferredBucket = createTokenBucket(preferred, monotonic)

  const bucketOf = (name: string): TokenBucket => {
    const known = bucketByName.get(name)
    if (known !== undefined) return known
    if (bucketByName.size >= maxNames && name !== otherNames) return bucketOf(otherNames)
    const created = createTokenBucket(ordinary, monotonic)
    bucketByName.set(name, created)
    return created
  }

  return ({ name, durationMs, isExported, hasFailed }) => {
    const isPreferred = isExported || hasFailed || durationMs >= slowTraceMs
    return (isPreferred && preferredBucket.take()) || bucketOf(name).take()
  }
}
