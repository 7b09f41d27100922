/**
 * Tests whether samples of one run tend to be larger than those of another, for any distribution: the one-sided
 * Mann-Whitney U test. Ties get their mean rank. Up to `exactUpTo` samples in total the probability is exact; above, it
 * is the normal approximation, corrected for ties and continuity.
 *
 * The test assumes independent samples. Consecutive samples of a run are not: pass one value per run or block (judge.ts).
 */

/** Total number of samples up to which probabilities are exact; above, the approximation is off by less than 0.01. */
export const exactUpTo = 40

/** Returns the probability that `after` ranks this high or higher if both sides have one distribution. */
export const probabilityOfHigher = (
  before: readonly number[],
  after: readonly number[],
  countUpTo = exactUpTo,
): number => {
  const ranks = doubledRanks([...before, ...after])
  let observed = 0
  for (let at = before.length; at < ranks.length; at++) observed += ranks[at] ?? 0
  return ranks.length <= countUpTo
    ? countedProbability(ranks, after.length, observed)
    : approximateProbability(ranks, before.length, after.length, observed)
}

/** Returns the minimum of `probabilityOfHigher` for these numbers of samples: one of all ways to draw them. */
export const leastProbability = (before: number, after: number): number => {
  let ways = 1
  for (let n = 1; n <= after; n++) ways *= (before + n) / n
  return 1 / ways
}

/** Returns the shift from `before` to `after`: the median of all differences (Hodges and Lehmann). */
export const shiftBetween = (before: readonly number[], after: readonly number[]): number =>
  medianOf(before.flatMap((old) => after.map((recent) => recent - old)))

export const medianOf = (samples: readonly number[]): number => medianOfSorted(Float64Array.from(samples).sort())

const medianOfSorted = (sorted: Float64Array): number => {
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2
}

/** Returns twice the rank of each value, from 2 on, because the mean rank of ties may end in a half. */
const doubledRanks = (values: readonly number[]): number[] => {
  const order = values.map((_, at) => at).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const ranks = new Array<number>(values.length)
  for (let from = 0; from < order.length; ) {
    let to = from
    while (to < order.length && values[order[to] ?? 0] === values[order[from] ?? 0]) to++
    // The ranks from + 1 to `to`, whose mean is (from + 1 + to) / 2.
    for (let at = from; at < to; at++) ranks[order[at] ?? 0] = from + 1 + to
    from = to
  }
  return ranks
}

/** Returns the share of all draws of `drawn` ranks whose sum is at least `observed`. */
const countedProbability = (ranks: readonly number[], drawn: number, observed: number): number => {
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  // ways[n][sum] is the number of draws of n ranks with this sum.
  const ways = Array.from({ length: drawn + 1 }, () => new Float64Array(total + 1))
  const none = ways[0]
  if (none !== undefined) none[0] = 1
  for (const rank of ranks) {
    for (let n = drawn; n > 0; n--) {
      const [fewer, more] = [ways[n - 1], ways[n]]
      if (fewer === undefined || more === undefined) continue
      for (let sum = total; sum >= rank; sum--) more[sum] = (more[sum] ?? 0) + (fewer[sum - rank] ?? 0)
    }
  }
  let all = 0
  let asHigh = 0
  for (const [sum, count] of (ways[drawn] ?? []).entries()) {
    all += count
    if (sum >= observed) asHigh += count
  }
  return asHigh / all
}

const approximateProbability = (ranks: readonly number[], before: number, after: number, observed: number): number => {
  const all = before + after
  const countByRank = new Map<number, number>()
  for (const rank of ranks) countByRank.set(rank, (countByRank.get(rank) ?? 0) + 1)
  let ties = 0
  for (const count of countByRank.values()) ties += count ** 3 - count
  const variance = ((before * after) / 12) * (all + 1 - ties / (all * (all - 1)))
  // All samples are equal.
  if (variance <= 0) return 1
  const above = observed / 2 - (after * (all + 1)) / 2
  return upperTail((above - 0.5) / Math.sqrt(variance))
}

/** Returns the share of a normal distribution above z (Abramowitz and Stegun 26.2.17; error below 1e-7). */
const upperTail = (z: number): number => {
  if (z < 0) return 1 - upperTail(-z)
  const t = 1 / (1 + 0.2316419 * z)
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
  const sum = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return density * sum
}
