import type { Estimate } from './bootstrap.ts'

/** A printed figure. `samples` are in `unit`; ratios have the unit `x`. */
export interface Figure {
  /** Unique within the suite. */
  scenario: string
  unit: 'ms' | 'MB/s' | '/s' | 'x' | 's' | 'B' | 'MB' | 'n' | '%'
  samples: number[]
  /** Value to reach: a minimum if `higherIsBetter`, otherwise a maximum. */
  target?: number
  /** Defaults to true for speeds (`MB/s`, `/s`). */
  higherIsBetter?: boolean
  /** Percentile of the target; the median by default. */
  targetAt?: 'p50' | 'p95' | 'p99'
  /** Another implementation of the same work, measured in the same run. */
  against?: Reference
  /** Equal in every run on any machine, so that a single sample shows a change. */
  exact?: boolean
  /** The 95 % confidence interval of a figure that is one estimate. */
  interval?: Pick<Estimate, 'low' | 'high'>
}

export interface Reference {
  name: string
  unit: string
  p50: number
  p95: number
  p99: number
  /**
   * Its samples in order, in the unit of the figure. If present, runs are compared by the ratio of ours to these instead
   * of by ours alone, which suits figures that depend on the machine equally.
   */
  samples?: readonly number[]
}

export interface Row {
  scenario: string
  unit: string
  n: number
  p50: number
  p95: number
  p99: number
  mean: number
  target: number | null
  /** Percentile compared with the target; absent for the median. */
  targetAt?: 'p95' | 'p99'
  pass: boolean | null
  against?: Omit<Reference, 'samples'>
  interval?: Pick<Estimate, 'low' | 'high'>
}

/** A suite yields its figures as they are measured. */
export type Suite = (log: (line: string) => void) => AsyncGenerator<Figure>

/** Returns the percentile `p` of the samples (nearest rank). */
export const percentile = (samples: readonly number[], p: number): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN
}

export const isHigherBetter = ({ unit, higherIsBetter = unit.endsWith('/s') }: Figure): boolean => higherIsBetter

export const toRow = (figure: Figure): Row => {
  const { scenario, unit, samples, target, targetAt = 'p50', against, interval } = figure
  const figures = { p50: percentile(samples, 0.5), p95: percentile(samples, 0.95), p99: percentile(samples, 0.99) }
  const reached = figures[targetAt]
  const { samples: _, ...reference } = against ?? {}
  return {
    scenario,
    unit,
    n: samples.length,
    ...figures,
    mean: samples.reduce((sum, sample) => sum + sample, 0) / samples.length,
    target: target ?? null,
    ...(target === undefined || targetAt === 'p50' ? {} : { targetAt }),
    pass: target === undefined ? null : isHigherBetter(figure) ? reached >= target : reached <= target,
    ...(against === undefined ? {} : { against: reference as Omit<Reference, 'samples'> }),
    ...(interval === undefined ? {} : { interval }),
  }
}

/** Formats three significant digits, so that a microsecond in ms remains visible; integers from 100 on. */
export const numberToText = (value: number): string => {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size === 0 || size >= 100) return value.toFixed(0)
  return value.toFixed(Math.min(maxDecimals, 2 - Math.floor(Math.log10(size))))
}

export const intervalToText = ({ low, high }: Pick<Estimate, 'low' | 'high'>): string =>
  `${numberToText(low)} to ${numberToText(high)}`

/** A nanosecond in ms: no clock is finer. */
const maxDecimals = 6

/** Wide enough for the longest scenario and for six decimals. */
const columns = { scenario: 68, unit: 5, n: 8, figure: 10 }

export const tableHead = [
  'scenario'.padEnd(columns.scenario),
  'unit'.padEnd(columns.unit),
  'n'.padStart(columns.n),
  ...['p50', 'p95', 'p99'].map((name) => name.padStart(columns.figure)),
].join('')

export const rowToText = (row: Row): string => {
  const figures = [row.p50, row.p95, row.p99].map((value) => numberToText(value).padStart(columns.figure)).join('')
  const verdict = row.pass === null ? '' : `  ${row.pass ? 'meets' : 'MISSES'} ${row.target} ${row.unit}`
  const at = row.targetAt === undefined ? '' : ` at ${row.targetAt}`
  const reference =
    row.against === undefined
      ? ''
      : `  against ${row.against.name}: p50 ${numberToText(row.against.p50)} ${row.against.unit}`
  const interval = row.interval === undefined ? '' : `  95 % CI ${intervalToText(row.interval)} ${row.unit}`
  const start = `${row.scenario.padEnd(columns.scenario)}${row.unit.padEnd(columns.unit)}${String(row.n).padStart(columns.n)}`
  return `${start}${figures}${verdict}${at}${interval}${reference}`
}
