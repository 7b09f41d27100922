import { recentEvents } from '../../workers/contract/recent-events.ts'
import type { SampleEvent, SamplePointName, SamplePoints } from '../../workers/contract/telemetry-views.ts'
import { noRows, type SampleRows } from './sample-rows.ts'

/** The samples of the last hour or day, kept by the page. A value: `append` returns another window. */
export interface SampleWindow extends SampleRows {
  /** Time from one row to the next (ms). */
  readonly stepMs: number
  /** Length (ms): what is older than the last row by more is dropped. */
  readonly spanMs: number
}

export const emptyWindow = (stepMs: number, spanMs: number): SampleWindow => ({ ...noRows, stepMs, spanMs })

/**
 * The window with the rows that follow it. `since` is the time that the rows were asked for: single measurements and
 * events after it replace those of the window, because those of the current second were in the last answer too.
 */
export const append = (window: SampleWindow, rows: SampleRows, since = Number.NEGATIVE_INFINITY): SampleWindow => {
  const firstNew = rows.times[0] ?? Number.POSITIVE_INFINITY
  // Rows that are not earlier than the first new one are from before the clock was set back.
  const end = lowerBound(window.times, firstNew)
  const last = rows.times.at(-1) ?? window.times.at(-1) ?? Number.NEGATIVE_INFINITY
  const oldest = last - window.spanMs
  const start = Math.min(lowerBound(window.times, oldest), end)
  const newStart = lowerBound(rows.times, oldest)
  const kept = end - start
  const join = (old: Float64Array | undefined, added: Float64Array | undefined): Float64Array => {
    const joined = new Float64Array(kept + rows.times.length - newStart)
    if (old === undefined) joined.fill(Number.NaN, 0, kept)
    else joined.set(old.subarray(start, end))
    if (added === undefined) joined.fill(Number.NaN, kept)
    else joined.set(added.subarray(newStart), kept)
    return joined
  }
  const names = new Set([...window.columns.keys(), ...rows.columns.keys()])
  const columns = new Map<string, Float64Array>()
  for (const name of names) {
    const column = join(window.columns.get(name), rows.columns.get(name))
    // A peer that has been away for the whole window leaves its column empty.
    if (rows.columns.has(name) || column.some((value) => !Number.isNaN(value))) columns.set(name, column)
  }
  return {
    ...window,
    times: join(window.times, rows.times),
    columns,
    points: joinPoints(window.points, rows.points, since, oldest),
    events: joinEvents(window.events, rows.events, since, oldest),
  }
}

/** The first row at or after a time. */
export const lowerBound = (times: ArrayLike<number>, time: number): number => {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? 0) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** The row nearest to a time; -1 without rows. */
export const nearestRow = (times: ArrayLike<number>, time: number): number => {
  const after = lowerBound(times, time)
  const before = after - 1
  if (after >= times.length) return times.length - 1
  if (before < 0) return after
  return time - (times[before] ?? 0) < (times[after] ?? 0) - time ? before : after
}

/** Most single measurements of a name that are kept. */
const mostPoints = 2_000

const joinPoints = (
  old: SampleWindow['points'],
  added: SampleRows['points'],
  since: number,
  oldest: number,
): ReadonlyMap<SamplePointName, SamplePoints> => {
  const joined = new Map<SamplePointName, SamplePoints>()
  for (const name of new Set([...old.keys(), ...added.keys()])) {
    const before = slice(old.get(name), oldest, since)
    const after = slice(added.get(name), Math.max(oldest, since), Number.POSITIVE_INFINITY, since)
    const drop = Math.max(0, before.times.length + after.times.length - mostPoints)
    joined.set(name, {
      times: concat(before.times, after.times, drop),
      values: concat(before.values, after.values, drop),
    })
  }
  return joined
}

/** Those in [from, to], after `after`. */
const slice = (
  { times, values }: SamplePoints = { times: noRows.times, values: noRows.times },
  from: number,
  to: number,
  after = Number.NEGATIVE_INFINITY,
): SamplePoints => {
  let start = lowerBound(times, from)
  while (start < times.length && (times[start] ?? 0) <= after) start += 1
  let end = lowerBound(times, to)
  while (end < times.length && (times[end] ?? 0) <= to) end += 1
  return { times: times.subarray(start, Math.max(start, end)), values: values.subarray(start, Math.max(start, end)) }
}

/** Two arrays as one, without the first `drop` values. */
const concat = (first: Float64Array, second: Float64Array, drop: number): Float64Array => {
  const joined = new Float64Array(first.length + second.length)
  joined.set(first)
  joined.set(second, first.length)
  return joined.subarray(drop)
}

const joinEvents = (
  old: readonly SampleEvent[],
  added: readonly SampleEvent[],
  since: number,
  oldest: number,
): readonly SampleEvent[] =>
  recentEvents(
    [...old.filter(({ time }) => time <= since), ...added.filter(({ time }) => time > since)].filter(
      ({ time }) => time >= oldest,
    ),
  )
