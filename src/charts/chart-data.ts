import type { SampleEvent, SamplePoints } from '../../workers/contract/telemetry-views.ts'
import { type ChartDefinition, fewMeasurements, type SeriesDefinition } from './chart-definition.ts'
import { downSample, orNull, type Values } from './down-sample.ts'
import { noRows } from './sample-rows.ts'
import { stack } from './stack.ts'
import { lowerBound, type SampleWindow } from './window.ts'

/** A stretch of time (ms since the epoch). */
export interface TimeRange {
  readonly from: number
  readonly to: number
}

/** What a chart draws, and its table and legend show, for one stretch of time. */
export interface ChartData {
  readonly range: TimeRange
  readonly times: readonly number[]
  /** As measured, by series. */
  readonly values: readonly Values[]
  /** As drawn: on each other where the series are stacked, without percentiles of too few measurements. */
  readonly drawn: readonly Values[]
  /** Last value of each series in the time shown. */
  readonly latest: readonly (number | null)[]
  readonly points: SamplePoints
  readonly events: readonly SampleEvent[]
  /** Measurements behind the rows, where percentiles depend on them. */
  readonly count: number
  /** Too few for percentiles. */
  readonly hasFewMeasurements: boolean
  /** Too few for lines: dots. */
  readonly hasFewRows: boolean
  /** Nothing to draw. */
  readonly isEmpty: boolean
}

/** Most rows of a chart: about two for each pixel of its width. */
const mostRows = 900

/** The stretch of time summarized in a row of a chart of this length (ms). */
const bucketOf = ({ from, to }: TimeRange, stepMs: number): number =>
  stepMs * Math.max(1, Math.ceil((to - from) / stepMs / mostRows))

export const toChartData = (definition: ChartDefinition, window: SampleWindow, range: TimeRange): ChartData => {
  const { series, points: pointName, countOf } = definition
  definition.prepare?.(window)
  const start = lowerBound(window.times, range.from)
  // Half a step later: the row at the end itself belongs to the time shown.
  const end = lowerBound(window.times, range.to + window.stepMs / 2)
  const read = series.map((each) => ({ values: each.read(window, start, end), summary: each.summary }))
  const { times, values } = downSample(window.times.subarray(start, end), read, {
    bucketMs: bucketOf(range, window.stepMs),
    stepMs: window.stepMs,
  })
  const points = pointsIn(pointName === undefined ? undefined : window.points.get(pointName), range)
  const count = countOf?.(window, start, end) ?? 0
  const hasFewMeasurements = countOf !== undefined && count < fewMeasurements
  const drawn = toDrawn(definition, values, hasFewMeasurements)
  return {
    range,
    times,
    values,
    drawn,
    latest: read.map(({ values: all }, at) =>
      hides(series[at], hasFewMeasurements) ? null : orNull(all[all.length - 1]),
    ),
    points,
    events: window.events.filter(({ time }) => time >= range.from && time <= range.to),
    count,
    hasFewMeasurements,
    hasFewRows: times.length < fewMeasurements,
    isEmpty: points.times.length === 0 && drawn.every((each) => each.every((value) => value === null)),
  }
}

/** A percentile of too few measurements. */
const hides = (series: SeriesDefinition | undefined, hasFew: boolean): boolean =>
  hasFew && series?.isPercentile === true

const toDrawn = ({ series, scale }: ChartDefinition, values: readonly Values[], hasFew: boolean): Values[] => {
  const of = (draw: SeriesDefinition['draw']): Map<number, Values> => {
    const rows = series.flatMap((each, at) => ((each.draw ?? 'line') === draw ? [at] : []))
    const edges = stack(rows.map((at) => values[at] ?? []))
    return new Map(rows.map((at, index) => [at, edges[index] ?? []]))
  }
  const up = of('stack')
  const down = of('stack-down')
  return series.map((each, at) => {
    const own = values[at] ?? []
    if (each.draw === 'none' || hides(each, hasFew)) return own.map(() => null)
    const below = down.get(at)
    if (below !== undefined) return below.map((value) => (value === null ? null : -value))
    const edge = up.get(at) ?? own
    return scale === 'log' ? edge.map((value) => (value !== null && value > 0 ? value : null)) : edge
  })
}

const pointsIn = (
  { times, values }: SamplePoints = { times: noRows.times, values: noRows.times },
  range: TimeRange,
) => {
  const start = lowerBound(times, range.from)
  const end = lowerBound(times, range.to + 1)
  return { times: times.subarray(start, end), values: values.subarray(start, end) }
}
