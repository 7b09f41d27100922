import { percentile } from './measurement.ts'
import { leastProbability, medianOf, probabilityOfHigher, shiftBetween } from './rank-test.ts'

/**
 * Whether a figure became worse: at its median, and at its tails alone. The unit of the test is a run, or a block of a
 * run: samples taken one after the other are correlated, and a thousand of them say little more than a few.
 */
export type Percentile = 'p50' | 'p95' | 'p99'

const percentiles: readonly Percentile[] = ['p50', 'p95', 'p99']

/** One value of each run or block, by percentile. Of speeds the tail is the slow end: `p95` is what 95 % exceed. */
export type Units = Readonly<Record<Percentile, readonly number[]>>

export interface Judgement {
  /** How often what is measured now lies in what was: 1.2 is 20 % more of it. */
  readonly times: Readonly<Record<Percentile, number>>
  /** Percentiles that are worse by more than chance and `worstFactor`. */
  readonly worse: readonly Percentile[]
  readonly better: readonly Percentile[]
  /** Percentiles with too few units for any outcome to be beyond chance. */
  readonly untold: readonly Percentile[]
}

/** Worse by more than this counts. Fewer samples show a tail, so it has to differ more. */
const worstFactor: Readonly<Record<Percentile, number>> = { p50: 1.1, p95: 1.15, p99: 1.2 }

/** A difference counts where chance shows it less often than this. Five units a side can, four cannot. */
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
    const isTold = exact || (Math.min(old.length, recent.length) > 0 && least(old, recent) < significance)
    const isBeyondChance = (a: readonly number[], b: readonly number[]): boolean =>
      isTold && (exact || probabilityOfHigher(a, b) < significance)
    return {
      at,
      times,
      isTold,
      isWorse: factor > worstFactor[at] && isBeyondChance(low, high),
      isBetter: factor < 1 / worstFactor[at] && isBeyondChance(high, low),
    }
  })
  const named = (isMeant: (each: (typeof judged)[number]) => boolean): Percentile[] =>
    judged.filter(isMeant).map(({ at }) => at)
  return {
    times: Object.fromEntries(judged.map(({ at, times }) => [at, times])) as Record<Percentile, number>,
    worse: named(({ isWorse }) => isWorse),
    better: named(({ isBetter }) => isBetter),
    untold: named(({ isTold }) => !isTold),
  }
}

export const judgementToText = ({ times, worse, better, untold }: Judgement): string => {
  const ratios = percentiles
    .filter((at) => at === 'p50' || !untold.includes(at))
    .map((at) => `${at} ${times[at].toFixed(2)}`)
    .join(', ')
  if (worse.length > 0) return `${ratios}: WORSE (${worse.join(', ')})`
  if (better.length > 0) return `${ratios}: better (${better.join(', ')})`
  return `${ratios}: ${untold.includes('p50') ? 'too few to tell' : 'no difference beyond chance'}`
}

/** A run as one unit. */
export const toRunUnit = (samples: readonly number[], higherIsBetter: boolean): Record<Percentile, number> => ({
  p50: percentile(samples, 0.5),
  p95: percentile(samples, higherIsBetter ? 0.05 : 0.95),
  p99: percentile(samples, higherIsBetter ? 0.01 : 0.99),
})

/** Blocks of one run: as many as its samples can fill, one after the other, at most `maxBlocks`. */
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

/** More would be shorter, and one block would no longer be independent of the next. */
const maxBlocks = 10

/** Samples that a block needs at least, so that its tail is a sample that was taken. */
const samplesPerBlock: Readonly<Record<Percentile, number>> = { p50: 1, p95: 20, p99: 100 }

const least = (a: readonly number[], b: readonly number[]): number => leastProbability(a.length, b.length)

const timesOf = (before: readonly number[], now: readonly number[]): number => {
  const [median, shift] = [medianOf(before), shiftBetween(before, now)]
  return shift === 0 ? 1 : (median + shift) / median
}
