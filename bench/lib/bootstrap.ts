/** An estimate with its 95 % confidence interval. */
export interface Estimate {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** Share of the resampled values inside the interval. */
const confidence = 0.95

/** Enough for the ends of the interval to be stable to a tenth of its width. */
const resamples = 2_000

/**
 * Estimates a statistic of grouped observations, with its interval by a bootstrap in two stages: groups are drawn with
 * replacement, then the observations within each drawn group. Observations of one group, such as the rounds of one
 * process, are alike; an interval that ignored this would be too narrow.
 *
 * @param random In [0, 1).
 */
export const estimate = <T>(
  groups: readonly (readonly T[])[],
  statistic: (observations: readonly T[]) => number,
  random: () => number,
): Estimate => {
  const value = statistic(groups.flat())
  const values = Array.from({ length: resamples }, () =>
    statistic(draw(groups, random).flatMap((group) => draw(group, random))),
  )
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  const at = (share: number): number => values[Math.round(share * (values.length - 1))] ?? Number.NaN
  return { value, low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) }
}

const draw = <T>(from: readonly T[], random: () => number): T[] =>
  from.map(() => from[Math.floor(random() * from.length)] as T)
