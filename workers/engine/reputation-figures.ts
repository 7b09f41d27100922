import type { PeerReputation, Reputation } from '../peers/reputation.ts'

/** The reputation of all known peers in a few numbers. */
export interface ReputationSummary {
  /** Of known peers. */
  readonly count: number
  /** Scores; undefined without known peers. */
  readonly best: number | undefined
  readonly average: number | undefined
  readonly worst: number | undefined
  /** Peers by fifth of the range of scores, lowest first. */
  readonly buckets: readonly number[]
  /** Ids of the best known peers, best first. */
  readonly leading: readonly string[]
}

/** Rating all peers costs about a microsecond each: the more there are, the older a summary may be. */
const peersPerSecond = 100
const maxAgeMs = 10_000

const bucketCount = 5

/** Labels of the buckets. */
export const reputationBuckets = ['0.0-0.2', '0.2-0.4', '0.4-0.6', '0.6-0.8', '0.8-1.0'] as const

/** @param now Monotonic clock (ms). @returns a function that reads the summary. */
export const createReputationFigures = (
  { list }: Pick<Reputation, 'list'>,
  now: () => number,
): (() => ReputationSummary) => {
  let summary: ReputationSummary | undefined
  let readAt = 0
  return () => {
    const maxAge = Math.min(maxAgeMs, Math.ceil((summary?.count ?? 0) / peersPerSecond) * 1_000)
    // Half a second of tolerance: the caller's own interval varies.
    if (summary === undefined || now() - readAt > maxAge - 500) {
      summary = summarise(list())
      readAt = now()
    }
    return summary
  }
}

/** @param peers Best first. */
const summarise = (peers: readonly PeerReputation[]): ReputationSummary => {
  const buckets = new Array<number>(bucketCount).fill(0)
  let sum = 0
  for (const { score } of peers) {
    const bucket = Math.min(bucketCount - 1, Math.floor(score.total * bucketCount))
    buckets[bucket] = (buckets[bucket] ?? 0) + 1
    sum += score.total
  }
  return {
    count: peers.length,
    best: peers[0]?.score.total,
    average: peers.length === 0 ? undefined : sum / peers.length,
    worst: peers.at(-1)?.score.total,
    buckets,
    leading: peers.slice(0, leadingPeers).map(({ peer }) => peer),
  }
}

/** Peers with a column of their own (contract/sample-columns.ts). */
export const leadingPeers = 24
