import type { Baselines } from '../baselines.ts'
import { type StoredFigure, toStored } from '../compare.ts'
import { type Machine, machineToText } from '../machine.ts'
import { type Figure, type Row, toRow } from '../measurement.ts'
import type { KnownMiss } from '../targets.ts'
import type { PastRun } from './history.ts'
import { reachedOf, type Standing, standingOf, type Verdict, verdictOf } from './verdict.ts'

/** What the page shows: every suite with its figures, and the verdict on all of them. */
export interface Report {
  readonly suites: readonly ReportSuite[]
  readonly verdict: Verdict
  /** The same without the misses that are known and explained. */
  readonly verdictOnRest: Verdict
}

export interface ReportSuite {
  readonly name: string
  /** Where its figures come from, or why there are none. */
  readonly origin: string
  readonly rows: readonly ReportRow[]
}

export interface ReportRow {
  readonly row: Row
  readonly standing: Standing
  /** Why its target may be missed. */
  readonly reason?: string
  /** Empty for a saved run, which keeps percentiles only. */
  readonly samples: readonly number[]
  /** Medians of the parts of a saved run. */
  readonly blocks: readonly number[]
  /** What was compared with the target in earlier runs and this one, oldest first. */
  readonly history: readonly { readonly date: string; readonly value: number }[]
}

/** The figures of one suite: measured now, or saved before. */
export interface SuiteFigures {
  readonly name: string
  readonly measured?: { readonly figures: readonly Figure[]; readonly date: string; readonly machine: Machine }
  readonly saved?: Baselines | undefined
  readonly history: readonly PastRun[]
}

export const toReport = (given: readonly SuiteFigures[], knownMisses: readonly KnownMiss[]): Report => {
  const suites = given.map((suite) => toSuite(suite, knownMisses))
  const rows = suites.flatMap((suite) => suite.rows)
  return {
    suites,
    verdict: verdictOf(rows.map(({ standing }) => standing)),
    verdictOnRest: verdictOf(rows.filter(({ reason }) => reason === undefined).map(({ standing }) => standing)),
  }
}

const toSuite = ({ name, measured, saved, history }: SuiteFigures, knownMisses: readonly KnownMiss[]): ReportSuite => {
  const toReportRow = (stored: StoredFigure, row: Row, samples: readonly number[], date: string): ReportRow => {
    const standing = standingOf({ suite: name, ...row }, stored.compared.higherIsBetter)
    const isMissed = standing !== 'none' && standing !== 'met'
    const reason = isMissed ? reasonFor(name, row.scenario, knownMisses) : undefined
    return {
      row,
      standing,
      ...(reason === undefined ? {} : { reason }),
      samples,
      blocks: samples.length === 0 && stored.compared.unit === row.unit ? stored.compared.blocks.p50 : [],
      history: historyOf(row, date, history),
    }
  }
  if (measured !== undefined) {
    const { figures, date, machine } = measured
    return {
      name,
      origin: `Measured ${date} on ${machineToText(machine)}.`,
      rows: figures.map((figure) => toReportRow(toStored(figure), toRow(figure), figure.samples, date)),
    }
  }
  if (saved === undefined) return { name, origin: 'Not measured yet.', rows: [] }
  const { measuredOn, machine } = saved
  return {
    name,
    origin: `Saved ${measuredOn}, measured on ${machineToText(machine)}.`,
    rows: saved.figures.map((figure) => toReportRow(figure, figure, [], measuredOn)),
  }
}

const reasonFor = (name: string, scenario: string, knownMisses: readonly KnownMiss[]): string | undefined =>
  knownMisses.find((each) => each.suite === name && each.scenario === scenario)?.reason

const historyOf = (row: Row, date: string, history: readonly PastRun[]): ReportRow['history'] => {
  const past = history.flatMap(({ date, baselines }) => {
    const before = baselines.figures.find(({ scenario, unit }) => scenario === row.scenario && unit === row.unit)
    // At the percentile of today's target, although an earlier one may have differed.
    return before === undefined ? [] : [{ date, value: reachedOf(withTargetOf(row, before)) }]
  })
  const now = reachedOf(row)
  // Baselines that are committed are the last run of the history.
  const isListed = past.at(-1)?.value === now
  return [...past, ...(isListed ? [] : [{ date, value: now }])].filter(({ value }) => Number.isFinite(value))
}

const withTargetOf = ({ targetAt }: Row, { p50, p95, p99 }: Row): Parameters<typeof reachedOf>[0] => ({
  p50,
  p95,
  p99,
  ...(targetAt === undefined ? {} : { targetAt }),
})
