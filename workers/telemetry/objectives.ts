import type { ObjectiveName, ObjectiveState, ObjectiveView } from '../contract/telemetry-views.ts'
import { countAbove, differenceOf, type HistogramSnapshot, percentileOf } from './exponential-histogram.ts'
import type { HistogramName } from './instruments.ts'

/**
 * The service level objectives: pure, over cumulative figures. A percentile and the share of requests beyond a limit
 * come from the same buckets, so that the state, the value and the burn rate of an objective never contradict each other.
 */

/** Requests answered from the cache, and all others. */
export interface HitCounts {
  readonly hits: number
  readonly misses: number
}

/** Everything that the objectives are about, since the engine started. */
export interface ObjectiveFigures {
  readonly durations: Readonly<Record<DurationObjective, HistogramSnapshot>>
  readonly cache: HitCounts
}

export type DurationObjective = Exclude<ObjectiveName, 'cache_hit_rate'>

/** Histograms (ms) behind the objectives of durations. */
export const histogramOfObjective: Readonly<Record<DurationObjective, HistogramName>> = {
  search_p95: 'package_search_duration',
  dht_lookup_p95: 'dht_lookup_duration',
  install_p95: 'package_install_duration',
}

interface Limits {
  readonly target: number
  readonly alert: number
  /** Requests needed for a judgement. */
  readonly minimum: number
}

/** With fewer than 20 durations the 95th percentile is the slowest one, so a single request would decide. */
const minimumDurations = 20

/**
 * The first read of anything is a miss that no cache can avoid, and a young tab has only first reads. A visit to a
 * package that is new here costs about two such misses and some ten hits, so after a hundred requests its own visits,
 * not the emptiness of the cache, set the rate.
 */
const minimumReads = 100

/** Limits of durations (ms), and of the cache's hit rate (0 to 1), where lower is worse. */
export const objectiveLimits: Readonly<Record<ObjectiveName, Limits>> = {
  search_p95: { target: 100, alert: 150, minimum: minimumDurations },
  dht_lookup_p95: { target: 500, alert: 800, minimum: minimumDurations },
  cache_hit_rate: { target: 0.8, alert: 0.7, minimum: minimumReads },
  install_p95: { target: 2_000, alert: 3_000, minimum: minimumDurations },
}

export const objectiveNames = Object.keys(objectiveLimits) as readonly ObjectiveName[]

const percentile = 0.95

/** Share of requests that may be beyond the target of a duration. */
const allowedSlow = 1 - percentile

/** The state of all objectives, given the figures now and those of an hour ago; without the latter, since the start. */
export const judgeObjectives = (now: ObjectiveFigures, before: ObjectiveFigures | undefined): ObjectiveView[] =>
  objectiveNames.map((name) => {
    const { target, alert } = objectiveLimits[name]
    const { burnRate, ...hour } = judge(name, now, before)
    const { burnRate: _sinceStart, ...sinceStart } = judge(name, now, undefined)
    return {
      name,
      unit: name === 'cache_hit_rate' ? 'ratio' : 'ms',
      target,
      alert,
      ...hour,
      ...(burnRate === undefined ? {} : { burnRate }),
      sinceStart,
    }
  })

interface Judgement {
  value?: number
  state: ObjectiveState
  count: number
  burnRate?: number
}

const judge = (name: ObjectiveName, now: ObjectiveFigures, before: ObjectiveFigures | undefined): Judgement =>
  name === 'cache_hit_rate'
    ? judgeCache(hitsSince(now.cache, before?.cache))
    : judgeDurations(objectiveLimits[name], differenceOf(now.durations[name], before?.durations[name]))

const judgeDurations = ({ target, alert, minimum }: Limits, measured: HistogramSnapshot): Judgement => {
  const { count } = measured
  if (count <= 0) return { state: 'no data', count: 0 }
  const value = percentileOf(measured, percentile)
  if (count < minimum) return { state: 'no data', count, value }
  // In whole requests: the share of 5 % is not a binary fraction.
  const mayBeSlow = count - Math.ceil(percentile * count)
  const slow = countAbove(measured, target)
  const burnRate = slow / count / allowedSlow
  if (slow <= mayBeSlow) return { state: 'ok', count, burnRate, value: Math.min(value, target) }
  const state = countAbove(measured, alert) > mayBeSlow ? 'breached' : 'at risk'
  return { state, count, burnRate, value: state === 'breached' ? Math.max(value, alert) : clamp(value, target, alert) }
}

const judgeCache = ({ hits, misses }: HitCounts): Judgement => {
  const { target, alert, minimum } = objectiveLimits.cache_hit_rate
  const count = hits + misses
  if (count <= 0) return { state: 'no data', count: 0 }
  const value = hits / count
  if (count < minimum) return { state: 'no data', count, value }
  const state = value >= target ? 'ok' : value >= alert ? 'at risk' : 'breached'
  return { state, count, value, burnRate: misses / count / (1 - target) }
}

const hitsSince = (now: HitCounts, before: HitCounts | undefined): HitCounts => ({
  hits: Math.max(0, now.hits - (before?.hits ?? 0)),
  misses: Math.max(0, now.misses - (before?.misses ?? 0)),
})

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)
