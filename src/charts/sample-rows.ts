import { maxRecentEvents } from '../../workers/contract/recent-events.ts'
import type { SampleEvent, SamplePointName, SamplePoints, SamplesView } from '../../workers/contract/telemetry-views.ts'

/**
 * Samples as charts need them: every column as long as `times`, and times that ascend. The engine may be of another
 * version, and a computer's clock may jump, so neither is taken for granted.
 */
export interface SampleRows {
  times: Float64Array
  columns: ReadonlyMap<string, Float64Array>
  points: ReadonlyMap<SamplePointName, SamplePoints>
  events: readonly SampleEvent[]
}

export const noRows: SampleRows = { times: new Float64Array(), columns: new Map(), points: new Map(), events: [] }

/** Most rows, columns and points that are read: a day of seconds, and more names than there are. */
const most = { rows: 90_000, columns: 200, points: 2_000 }

const samplePointNames = ['dht_lookup', 'search', 'install', 'gossip_propagation'] as const

/** Reads any value. What has the wrong type is left out, what is too short is filled with NaN, what is too long is cut. */
export const readSamples = (view: unknown): SampleRows => {
  if (!isRecord(view)) return noRows
  const { times, columns, points, events } = view as Partial<SamplesView>
  const kept = ascending(toArray(times).slice(-most.rows))
  const offset = Math.max(0, toArray(times).length - most.rows)
  return {
    times: kept.times,
    columns: new Map(
      Object.entries(isRecord(columns) ? columns : {})
        .filter(([, column]) => column instanceof Float64Array)
        .slice(0, most.columns)
        .map(([name, column]) => [name, Float64Array.from(kept.rows, (row) => column[row + offset] ?? Number.NaN)]),
    ),
    points: new Map(
      samplePointNames.map((name) => [name, readPoints(isRecord(points) ? points[name] : undefined)] as const),
    ),
    events: Array.isArray(events) ? events.filter(isEvent).slice(-maxRecentEvents) : [],
  }
}

/**
 * The rows to keep so that times ascend. A row that is not later than one before it means that the clock was set back:
 * the rows that are now in the future are dropped.
 */
const ascending = (times: ArrayLike<number>): { times: Float64Array; rows: number[] } => {
  const rows: number[] = []
  for (let row = 0; row < times.length; row += 1) {
    const time = times[row] ?? Number.NaN
    if (!Number.isFinite(time)) continue
    while (rows.length > 0 && (times[rows.at(-1) ?? 0] ?? 0) >= time) rows.pop()
    rows.push(row)
  }
  return { times: Float64Array.from(rows, (row) => times[row] ?? 0), rows }
}

const readPoints = (points: unknown): SamplePoints => {
  const { times, values } = isRecord(points) ? points : {}
  const pairs = Array.from(toArray(times), (time, at) => [time, toArray(values)[at] ?? Number.NaN] as const)
    .filter(([time, value]) => Number.isFinite(time) && Number.isFinite(value))
    // Of a search of the times, not of the order in which they were measured.
    .sort(([a], [b]) => a - b)
    .slice(-most.points)
  return { times: Float64Array.from(pairs, ([time]) => time), values: Float64Array.from(pairs, ([, value]) => value) }
}

const toArray = (value: unknown): Float64Array => (value instanceof Float64Array ? value : noRows.times)

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const isEvent = (event: unknown): event is SampleEvent =>
  isRecord(event) &&
  Number.isFinite(event['time']) &&
  typeof event['kind'] === 'string' &&
  typeof event['subject'] === 'string'
