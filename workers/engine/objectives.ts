import { objectiveLimits, objectiveMinimum } from '../contract/objective-limits.ts'
import type { ObjectiveName, ObjectiveState, ObjectiveView } from '../contract/telemetry-views.ts'
import { countAbove, differenceOf, type HistogramSnapshot, percentileOf } from '../telemetry/exponential-histogram.ts'
import type { HistogramName } from '../telemetry/instruments.ts'

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
    : judgeDurations(name, differenceOf(now.durations[name], before?.durations[name]))

const judgeDurations = (name: DurationObjective, measured: HistogramSnapshot): Judgement => {
  const { target, alert } = objectiveLimits[name]
  const { count } = measured
  if (count <= 0) return { state: 'no data', count: 0 }
  const value = percentileOf(measured, percentile)
  if (count < objectiveMinimum[name]) return { state: 'no data', count, value }
  // In whole requests: the share of 5 % is not a binary fraction.
  const mayBeSlow = count - Math.ceil(percentile * count)
  const slow = countAbove(measured, target)
  const burnRate = slow / count / allowedSlow
  if (slow <= mayBeSlow) return { state: 'ok', count, burnRate, value: Math.min(value, target) }
  const state = countAbove(measured, alert) > mayBeSlow ? 'breached' : 'at risk'
  return { state, count, burnRate, value: state === 'breached' ? Math.max(value, alert) : clamp(value, target, alert) }
}

const judgeCache = ({ hits, misses }: HitCounts): Judgement => {
  const { target, alert } = objectiveLimits.cache_hit_rate
  const count = hits + misses
  if (count <= 0) return { state: 'no data', count: 0 }
  const value = hits / count
  if (count < objectiveMinimum.cache_hit_rate) return { state: 'no data', count, value }
  const state = value >= target ? 'ok' : value >= alert ? 'at risk' : 'breached'
  return { state, count, value, burnRate: misses / count / (1 - target) }
}

const hitsSince = (now: HitCounts, before: HitCounts | undefined): HitCounts => ({
  hits: Math.max(0, now.hits - (before?.hits ?? 0)),
  misses: Math.max(0, now.misses - (before?.misses ?? 0)),
})

const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high)
