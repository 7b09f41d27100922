import { percentile } from './measurement.ts'
import { leastProbability, medianOf, probabilityOfHigher, shiftBetween } from './rank-test.ts'

/**
 * Decides whether a figure became worse, separately at its median and at its tails. The unit of the test is a run or a
 * block of a run: consecutive samples are correlated, and a thousand of them say little more than a few.
 */
export type Percentile = 'p50' | 'p95' | 'p99'

const percentiles: readonly Percentile[] = ['p50', 'p95', 'p99']

/** One value per run or block, by percentile. The tail of a speed is its slow end: 95 % of samples exceed `p95`. */
export type Units = Readonly<Record<Percentile, readonly number[]>>

export interface Judgement {
  /** Ratio of now to before: 1.2 is 20 % more. */
  readonly times: Readonly<Record<Percentile, number>>
  /** Percentiles that are worse by more than chance and `tolerance`. */
  readonly worse: readonly Percentile[]
  readonly better: readonly Percentile[]
  /** Percentiles with too few units for any significant outcome. */
  readonly undecided: readonly Percentile[]
}

/** Factor up to which worse does not count. Fewer samples show a tail, so its tolerance is larger. */
const tolerance: Readonly<Record<Percentile, number>> = { p50: 1.1, p95: 1.15, p99: 1.2 }

/** Probability of chance below which a difference counts. Five units per side can reach it, four cannot. */
const significance = 0.005

export const judge = (
  before: Units,
  now: Units,
  { higherIsBetter, exact = false }: { higherIsBetter: boolean; exact?: boolean },
): Judgement => {
  const judged = percentiles.map((at) => {
    const [old, recent] = [before[at], now[at]]
    const times = timesOf(old, recent)
    const factor = higherIsBetter ? 1 / times : times
    const [low, high] = higherIsBetter ? [recent, old] : [old, recent]
    const isDecidable = exact || (Math.min(old.length, recent.length) > 0 && least(old, recent) < significance)
    const isBeyondChance = (a: readonly number[], b: readonly number[]): boolean =>
      isDecidable && (exact || probabilityOfHigher(a, b) < significance)
    return {
      at,
      times,
      isDecidable,
      isWorse: factor > tolerance[at] && isBeyondChance(low, high),
      isBetter: factor < 1 / tolerance[at] && isBeyondChance(high, low),
    }
  })
  const percentilesWhere = (matches: (each: (typeof judged)[number]) => boolean): Percentile[] =>
    judged.filter(matches).map(({ at }) => at)
  return {
    times: Object.fromEntries(judged.map(({ at, times }) => [at, times])) as Record<Percentile, number>,
    worse: percentilesWhere(({ isWorse }) => isWorse),
    better: percentilesWhere(({ isBetter }) => isBetter),
    undecided: percentilesWhere(({ isDecidable }) => !isDecidable),
  }
}

export const judgementToText = ({ times, worse, better, undecided }: Judgement): string => {
  const ratios = percentiles
    .filter((at) => at === 'p50' || !undecided.includes(at))
    .map((at) => `${at} ${times[at].toFixed(2)}`)
    .join(', ')
  if (worse.length > 0) return `${ratios}: WORSE (${worse.join(', ')})`
  if (better.length > 0) return `${ratios}: better (${better.join(', ')})`
  return `${ratios}: ${undecided.includes('p50') ? 'too few to decide' : 'no difference beyond chance'}`
}

/** Reduces a run to one unit. */
export const toRunUnit = (samples: readonly number[], higherIsBetter: boolean): Record<Percentile, number> => ({
  p50: percentile(samples, 0.5),
  p95: percentile(samples, higherIsBetter ? 0.05 : 0.95),
  p99: percentile(samples, higherIsBetter ? 0.01 : 0.99),
})

/** Splits a run into consecutive blocks: as many as its samples can fill, at most `maxBlocks`. */
export const toBlocks = (samples: readonly number[], higherIsBetter: boolean): Units => {
  const at = (which: Percentile): number[] => {
    const count = Math.max(1, Math.min(maxBlocks, Math.floor(samples.length / samplesPerBlock[which])))
    return Array.from({ length: count }, (_, block) => {
      const [from, to] = [block, block + 1].map((edge) => Math.floor((edge * samples.length) / count))
      return toRunUnit(samples.slice(from, to), higherIsBetter)[which]
    })
  }
  return samples.length === 0 ? { p50: [], p95: [], p99: [] } : { p50: at('p50'), p95: at('p95'), p99: at('p99') }
}

/** Shorter blocks would no longer be independent of each other. */
const maxBlocks = 10

/** Minimum samples per block, so that its tail is an actual sample. */
const samplesPerBlock: Readonly<Record<Percentile, number>> = { p50: 1, p95: 20, p99: 100 }

const least = (a: readonly number[], b: readonly number[]): number => leastProbability(a.length, b.length)

const timesOf = (before: readonly number[], now: readonly number[]): number => {
  const [median, shift] = [medianOf(before), shiftBetween(before, now)]
  return shift === 0 ? 1 : (median + shift) / median
}
