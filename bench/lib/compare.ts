import { type Judgement, judge, judgementToText, toBlocks, type Units } from './judge.ts'
import { type Figure, isHigherBetter, type Row, toRow } from './measurement.ts'
import { medianOf } from './rank-test.ts'

/**
 * One figure against the same figure of an earlier run, by blocks of both runs (judge.ts).
 *
 * Compared are times as they are, or, where the suite hands over a rival's samples, ratios to the rival in the same run.
 * Times of another machine are shown and never judged, as they say nothing of the code; ratios, bytes and counts are.
 * A machine that was slow during one whole run looks like a regression here: verdicts rest on `--against`.
 */
export interface StoredFigure extends Row {
  readonly compared: Comparable
}

export interface Comparable {
  /** `x` for ratios to the rival. */
  readonly unit: string
  readonly higherIsBetter: boolean
  readonly exact: boolean
  readonly blocks: Units
}

export type Verdict =
  | ({ readonly kind: 'judged' } & Judgement)
  | { readonly kind: 'other machine'; readonly times: number }
  | { readonly kind: 'no baseline' }

/** Runs differ by more than the fifth digit. */
const digits = 4

export const toStored = (figure: Figure): StoredFigure => ({ ...toRow(figure), compared: toComparable(figure) })

export const toComparable = (figure: Figure): Comparable => {
  const rival = figure.against?.samples
  const higherIsBetter = isHigherBetter(figure)
  const samples = (rival === undefined ? figure.samples : ratiosInTurn(figure.samples, rival)).filter(Number.isFinite)
  const { p50, p95, p99 } = toBlocks(samples, higherIsBetter)
  const rounded = (values: readonly number[]): number[] => values.map((value) => Number(value.toPrecision(digits)))
  return {
    unit: rival === undefined ? figure.unit : 'x',
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
  if (verdict.kind === 'judged') return `of the baseline ${judgementToText(verdict)}`
  return `of the baseline p50 ${verdict.times.toFixed(2)}: another machine's, not judged`
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
