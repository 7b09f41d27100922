import type { Row } from '../measurement.ts'

/**
 * The verdict on a run, by the rule of this product: it fails when an objective is exceeded by more than 20 %, or a
 * critical one reaches twice its target; an objective exceeded by less is a warning.
 */
export type Verdict = 'pass' | 'warning' | 'fail'

/** How a figure stands to its target. */
export type Standing =
  /** Has no target. */
  | 'none'
  | 'met'
  /** Exceeded by at most 20 %. */
  | 'close'
  /** By more. */
  | 'exceeded'
  /** A critical objective at twice its target or beyond. */
  | 'critical'

/** Part by which a target may be exceeded before the verdict is `fail`. */
const tolerance = 0.2

/** Multiple of its target at which a critical objective is out of bounds. */
const criticalTimes = 2

/** The objectives that people feel first: search, lookup, cache, install, publication, connecting. */
const criticalObjectives: Readonly<Record<string, RegExp>> = {
  search: /^search (1000|10000): all of these$/,
  dht: /^DHT \d+: get hit$/,
  cache: /^hot (hit|lookup), /,
  first: /^(page open to connected|publish to visible|install of )/,
  gossip: /^gossip \d+ peers: arrival$/,
  scale: /one after the other$/,
}

export type JudgedRow = Pick<Row, 'scenario' | 'target' | 'targetAt' | 'pass' | 'p50' | 'p95' | 'p99'> & {
  readonly suite: string
}

export const isCritical = ({ suite, scenario }: Pick<JudgedRow, 'suite' | 'scenario'>): boolean =>
  criticalObjectives[suite]?.test(scenario) ?? false

/** The value that is compared with the target. */
export const reachedOf = (row: Pick<Row, 'p50' | 'p95' | 'p99' | 'targetAt'>): number => row[row.targetAt ?? 'p50']

/**
 * Returns the figure in units of its target: 1.2 is 20 % worse than it, for speeds too. Infinite when a target of 0 is
 * exceeded, or nothing was reached; NaN without a target.
 */
export const timesTarget = (row: JudgedRow, higherIsBetter: boolean): number => {
  const { target } = row
  if (target === null) return Number.NaN
  const reached = reachedOf(row)
  if (!Number.isFinite(reached)) return Number.POSITIVE_INFINITY
  if (higherIsBetter) return reached > 0 ? target / reached : target > 0 ? Number.POSITIVE_INFINITY : 1
  if (target > 0) return reached / target
  return reached <= target ? 1 : Number.POSITIVE_INFINITY
}

export const standingOf = (row: JudgedRow, higherIsBetter: boolean): Standing => {
  const times = timesTarget(row, higherIsBetter)
  if (Number.isNaN(times)) return 'none'
  if (times <= 1) return 'met'
  if (isCritical(row) && times >= criticalTimes) return 'critical'
  return times <= 1 + tolerance ? 'close' : 'exceeded'
}

export const verdictOf = (standings: readonly Standing[]): Verdict => {
  if (standings.some((standing) => standing === 'exceeded' || standing === 'critical')) return 'fail'
  return standings.includes('close') ? 'warning' : 'pass'
}
