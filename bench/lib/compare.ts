import { type Figure, isHigherBetter, type Row, toRow } from './measurement.ts'
import { leastProbability, medianOf, probabilityOfHigher, shiftBetween } from './rank-test.ts'

/**
 * One figure against the same figure of an earlier run. A regression is a median shift over 10 % for the worse that a
 * rank test finds with p below 0.01.
 *
 * Compared are times as they are, or, where the suite hands over a rival's samples, ratios to the rival in the same run.
 * Times of another machine are told and never count, as they say nothing of the code; ratios, bytes and counts do.
 * A tail that grows alone is not seen: for that there are targets.
 */
export interface StoredFigure extends Row {
  readonly compared: Comparable
}

export interface Comparable {
  /** `x` for ratios to the rival. */
  readonly unit: string
  readonly higherIsBetter: boolean
  readonly exact: boolean
  /** In ascending order, at most `maxSamples`, rounded. */
  readonly samples: readonly number[]
}

export type Verdict =
  | { readonly kind: 'steady' | 'better' | 'regressed'; readonly times: number; readonly p: number }
  /** Too few samples for any outcome to be below the threshold. */
  | { readonly kind: 'too few'; readonly times: number }
  | { readonly kind: 'other machine'; readonly times: number }
  | { readonly kind: 'no baseline' }

/** Worse by more than this counts, as a factor; what is less is not worth a failed run. */
const worstFactor = 1.1

/** A regression is told where chance would show it less often than this. */
const significance = 0.01

/** As many tell a shift of a few percent, and a baseline stays a file that can be read. */
const maxSamples = 200

/** Runs differ by more than the fifth digit. */
const digits = 4

export const toStored = (figure: Figure): StoredFigure => ({ ...toRow(figure), compared: toComparable(figure) })

export const toComparable = (figure: Figure): Comparable => {
  const rival = figure.against?.samples
  const samples = rival === undefined ? figure.samples : ratiosInTurn(figure.samples, rival)
  return {
    unit: rival === undefined ? figure.unit : 'x',
    higherIsBetter: isHigherBetter(figure),
    exact: figure.exact ?? false,
    samples: toSketch(samples),
  }
}

/** `times` is how often the new median lies in the old: 1.2 is 20 % more of whatever is measured. */
export const compare = (before: Comparable, after: Comparable, options: { sameMachine: boolean }): Verdict => {
  if (before.unit !== after.unit || before.samples.length === 0 || after.samples.length === 0)
    return { kind: 'no baseline' }
  const old = medianOf(before.samples)
  const shift = shiftBetween(before.samples, after.samples)
  const times = shift === 0 ? 1 : (old + shift) / old
  if (!options.sameMachine && machineUnits.has(after.unit)) return { kind: 'other machine', times }
  const [better, worse] = after.higherIsBetter ? [after, before] : [before, after]
  const factor = after.higherIsBetter ? 1 / times : times
  if (after.exact && before.exact)
    return { kind: factor > worstFactor ? 'regressed' : factor < 1 / worstFactor ? 'better' : 'steady', times, p: 0 }
  if (leastProbability(before.samples.length, after.samples.length) >= significance) return { kind: 'too few', times }
  const p = probabilityOfHigher(better.samples, worse.samples)
  if (factor > worstFactor && p < significance) return { kind: 'regressed', times, p }
  const pBetter = probabilityOfHigher(worse.samples, better.samples)
  return { kind: factor < 1 / worstFactor && pBetter < significance ? 'better' : 'steady', times, p }
}

export const verdictToText = (verdict: Verdict): string => {
  if (verdict.kind === 'no baseline') return 'no baseline'
  const times = `${verdict.times.toFixed(2)} of the baseline`
  if (verdict.kind === 'too few') return `${times}; too few samples to tell`
  if (verdict.kind === 'other machine') return `${times}, which is of another machine and does not count`
  const p = verdict.p < 0.0001 ? 'p < 0.0001' : `p ${verdict.p.toFixed(4)}`
  return `${times}, ${p}${verdict.kind === 'steady' ? '' : verdict.kind === 'better' ? ': better' : ': REGRESSED'}`
}

/** What depends on how fast the machine is. */
const machineUnits = new Set(['ms', 's', 'MB/s', '/s'])

/**
 * Ours over the rival's, turn by turn. Where one took more samples than the other, those of one turn are taken together,
 * so that no measurement of the rival counts twice.
 */
export const ratiosInTurn = (ours: readonly number[], rival: readonly number[]): number[] => {
  const turns = Math.min(ours.length, rival.length)
  const inTurn = (samples: readonly number[], turn: number): number =>
    medianOf(
      samples.slice(Math.floor((turn * samples.length) / turns), Math.floor(((turn + 1) * samples.length) / turns)),
    )
  return Array.from({ length: turns }, (_, turn) => inTurn(ours, turn) / inTurn(rival, turn))
}

/** All samples, or quantiles at even distances where there are more than are kept. What is no number is left out. */
const toSketch = (samples: readonly number[]): number[] => {
  const sorted = samples.filter(Number.isFinite).sort((a, b) => a - b)
  const kept = Math.min(sorted.length, maxSamples)
  return Array.from({ length: kept }, (_, n) =>
    Number((sorted[Math.floor(((n + 0.5) * sorted.length) / kept)] ?? 0).toPrecision(digits)),
  )
}
