/** One printed figure. `samples` are in `unit`; ratios have the unit `x`. */
export interface Figure {
  scenario: string
  unit: 'ms' | 'MB/s' | 'x' | 's' | 'B' | 'n' | '%'
  samples: number[]
  /** The floor or ceiling of the specification; which of the two `higherIsBetter` tells. */
  target?: number
  higherIsBetter?: boolean
  /** The percentile that the target is about; the median when not said. */
  targetAt?: 'p50' | 'p95' | 'p99'
  against?: { name: string; unit: string; p50: number; p95: number; p99: number }
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
  pass: boolean | null
  against?: { name: string; unit: string; p50: number; p95: number; p99: number }
}

/** A suite yields its figures as they are measured. */
export type Suite = (log: (line: string) => void) => AsyncGenerator<Figure>

/** The value below which the share `p` of the samples lies (nearest rank). */
export const percentile = (samples: readonly number[], p: number): number => {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN
}

export const toRow = (figure: Figure): Row => {
  const { scenario, unit, samples, target, higherIsBetter = false, targetAt = 'p50', against } = figure
  const figures = { p50: percentile(samples, 0.5), p95: percentile(samples, 0.95), p99: percentile(samples, 0.99) }
  const reached = figures[targetAt]
  return {
    scenario,
    unit,
    n: samples.length,
    ...figures,
    mean: samples.reduce((sum, sample) => sum + sample, 0) / samples.length,
    target: target ?? null,
    pass: target === undefined ? null : higherIsBetter ? reached >= target : reached <= target,
    ...(against === undefined ? {} : { against }),
  }
}

export const rowToText = (row: Row): string => {
  const figures = [row.p50, row.p95, row.p99].map((value) => value.toFixed(value < 10 ? 2 : 0).padStart(8)).join('')
  const verdict = row.pass === null ? '' : `  ${row.pass ? 'meets' : 'MISSES'} ${row.target} ${row.unit}`
  const rival =
    row.against === undefined
      ? ''
      : `  against ${row.against.name}: p50 ${row.against.p50.toFixed(2)} ${row.against.unit}`
  return `${row.scenario.padEnd(44)} ${row.unit.padEnd(5)} n=${String(row.n).padEnd(4)}${figures}${verdict}${rival}`
}
