import { type Judgement, judge, judgementToText, toBlocks, type Units } from './judge.ts'
import { type Figure, isHigherBetter, type Row, toRow } from './measurement.ts'
import { medianOf } from './rank-test.ts'

/**
 * Compares a figure with the same figure of an earlier run, by blocks of both runs (judge.ts).
 *
 * If the suite provides samples of a reference, the ratios to it are compared, otherwise the samples themselves. Times
 * of another machine are shown but not judged, because they do not depend on the code alone; ratios, bytes and counts
 * are. A machine that was slow during a whole run looks like a regression: use `--against` for verdicts.
 */
export interface StoredFigure extends Row {
  readonly compared: Comparable
}

export interface Comparable {
  /** `x` for ratios to a reference. */
  readonly unit: string
  readonly higherIsBetter: boolean
  readonly exact: boolean
  readonly blocks: Units
}

export type Verdict =
  | ({ readonly kind: 'judged' } & Judgement)
  | { readonly kind: 'other machine'; readonly times: number }
  | { readonly kind: 'no baseline' }

/** Digits that are kept: runs differ by more than that. */
const digits = 4

export const toStored = (figure: Figure): StoredFigure => ({ ...toRow(figure), compared: toComparable(figure) })

export const toComparable = (figure: Figure): Comparable => {
  const reference = figure.against?.samples
  const higherIsBetter = isHigherBetter(figure)
  const samples = (reference === undefined ? figure.samples : pairedRatios(figure.samples, reference)).filter(
    Number.isFinite,
  )
  const { p50, p95, p99 } = toBlocks(samples, higherIsBetter)
  const rounded = (values: readonly number[]): number[] => values.map((value) => Number(value.toPrecision(digits)))
  return {
    unit: reference === undefined ? figure.unit : 'x',
    higherIsBetter,
    exact: figure.exact ?? false,
    blocks: { p50: rounded(p50), p95: rounded(p95), p99: rounded(p99) },
  }
}

export const compare = (before: Comparable, after: Comparable, options: { sameMachine: boolean }): Verdict => {
  if (before.unit !== after.unit || before.blocks.p50.length === 0 || after.blocks.p50.length === 0)
    return { kind: 'no baseline' }
  const { higherIsBetter } = after
  const judgement = judge(before.blocks, after.blocks, { higherIsBetter, exact: before.exact && after.exact })
  return !options.sameMachine && machineUnits.has(after.unit)
    ? { kind: 'other machine', times: judgement.times.p50 }
    : { kind: 'judged', ...judgement }
}

export const verdictToText = (verdict: Verdict): string => {
  if (verdict.kind === 'no baseline') return 'no baseline'
  if (verdict.kind === 'judged') return `relative to the baseline ${judgementToText(verdict)}`
  return `relative to the baseline p50 ${verdict.times.toFixed(2)}: another machine, not judged`
}

/** Units that depend on the speed of the machine. */
const machineUnits = new Set(['ms', 's', 'MB/s', '/s'])

/**
 * Divides our samples by those of the reference, in pairs. If one side has more samples, the median of a group forms a
 * pair, so that no sample of the reference counts twice.
 */
export const pairedRatios = (ours: readonly number[], reference: readonly number[]): number[] => {
  const pairs = Math.min(ours.length, reference.length)
  const inPair = (samples: readonly number[], pair: number): number =>
    medianOf(
      samples.slice(Math.floor((pair * samples.length) / pairs), Math.floor(((pair + 1) * samples.length) / pairs)),
    )
  return Array.from({ length: pairs }, (_, pair) => inPair(ours, pair) / inPair(reference, pair))
}
