import { createSampleRing, type SampleRing } from './sample-ring.ts'

/**
 * What the value of a column says, and so what a minute makes of its seconds. `count`: given as a total since the start,
 * kept as the increase since the row before, summed; `maximum`: the largest; `state`: the last.
 */
export type ColumnKind = 'count' | 'maximum' | 'state'

export interface SamplerOptions {
  /** The kind of each column, by index. */
  kinds: readonly ColumnKind[]
  /** Limit on named columns, which are states. */
  names: number
  /** Rows kept. */
  seconds?: number
  minutes?: number
}

/**
 * Rows of measurements, one a second for an hour and one a minute for a day.
 *
 * Guarantees for any clock and any delay between rows: times ascend; the counts of each step add up to the totals; no
 * row is invented for a time without a measurement. When the clock was set back, earlier rows move back with it.
 */
export interface Sampler {
  /**
   * Adds a row of the second step.
   * @param time Ms since the epoch.
   * @param row Totals of counts, and values of other columns; NaN where nothing was measured. Not kept.
   * @param named Values of named columns.
   */
  add(time: number, row: Float64Array, named: ReadonlyMap<string, number>): void
  readonly seconds: SampleRing
  /** Completed minutes, each with the time of its last second. */
  readonly minutes: SampleRing
  /** The minute in progress, as a row of the minute step. */
  partialMinute(): StoredRow | undefined
  /** Puts rows of an earlier process, with ascending times, before those of this one. */
  restoreMinutes(rows: Iterable<StoredRow>): void
}

export interface StoredRow {
  time: number
  row: Float64Array
  named: ReadonlyMap<string, number>
}

const minuteMs = 60_000

/** A step back of the clock that is no reason to move earlier rows (ms). */
const jitterMs = 1_000

export const createSampler = ({ kinds, names, seconds = 3_600, minutes = 1_440 }: SamplerOptions): Sampler => {
  const columns = kinds.length
  const second = createSampleRing({ columns, capacity: seconds, names })
  const minute = createSampleRing({ columns, capacity: minutes, names })
  /** Totals of counts at the row before. */
  const totals = new Float64Array(columns)
  const current = new Float64Array(columns)
  const progress = { row: new Float64Array(columns), named: new Map<string, number>(), from: 0, to: 0, isEmpty: true }

  const completeMinute = (): void => {
    if (progress.isEmpty) return
    progress.isEmpty = true
    minute.push(progress.to, progress.row, progress.named)
  }

  const addToMinute = (time: number, named: ReadonlyMap<string, number>): void => {
    const isSame = Math.floor(time / minuteMs) === Math.floor(progress.from / minuteMs)
    if (!isSame) completeMinute()
    if (progress.isEmpty) {
      progress.row.set(current)
      progress.from = time
      progress.isEmpty = false
    } else
      for (const [column, kind] of kinds.entries()) {
        const value = current[column] ?? Number.NaN
        const before = progress.row[column] ?? Number.NaN
        progress.row[column] = combined(kind, before, value)
      }
    progress.to = time
    progress.named.clear()
    for (const [name, value] of named) progress.named.set(name, value)
  }

  /** A time after that of the newest row. */
  const ascending = (time: number): number => {
    const newest = Math.max(second.timeOf(0) ?? 0, minute.timeOf(0) ?? 0)
    if (time > newest) return time
    if (newest - time < jitterMs) return newest + 1
    const back = time - newest - 1
    second.shift(back)
    minute.shift(back)
    progress.from += back
    progress.to += back
    return time
  }

  return {
    seconds: second,
    minutes: minute,
    add(given, row, named) {
      const time = ascending(given)
      for (const [column, kind] of kinds.entries()) {
        const value = row[column] ?? Number.NaN
        if (kind !== 'count') {
          current[column] = value
          continue
        }
        const before = totals[column] ?? 0
        // A total that is unknown now counts with the next row.
        current[column] = value >= before ? value - before : 0
        if (value > before) totals[column] = value
      }
      second.push(time, current, named)
      addToMinute(time, named)
    },
    partialMinute: () =>
      progress.isEmpty ? undefined : { time: progress.to, row: progress.row.slice(), named: new Map(progress.named) },
    restoreMinutes(stored) {
      const own = rowsOf(minute, columns)
      minute.clear()
      for (const { time, row, named } of [...stored, ...own])
        if (time > (minute.timeOf(0) ?? Number.NEGATIVE_INFINITY)) minute.push(time, row, named)
    },
  }
}

const combined = (kind: ColumnKind, before: number, value: number): number => {
  if (kind === 'count') return before + value
  if (kind === 'state') return value
  return Number.isNaN(before) ? value : Number.isNaN(value) ? before : Math.max(before, value)
}

/** The newest `count` rows of a ring, oldest first. */
export const rowsOf = (ring: SampleRing, columns: number, count = ring.length()): StoredRow[] => {
  const column = (copy: (into: Float64Array) => void): Float64Array => {
    const into = new Float64Array(count)
    copy(into)
    return into
  }
  const times = column((into) => ring.copyTimes(into, count))
  const values = Array.from({ length: columns }, (_, at) => column((into) => ring.copyColumn(at, into, count)))
  const names = ring.names().map((name) => [name, column((into) => ring.copyNamed(name, into, count))] as const)
  return Array.from(times, (time, at) => ({
    time,
    row: Float64Array.from(values, (each) => each[at] ?? Number.NaN),
    named: new Map(
      names.flatMap(([name, each]) => {
        const value = each[at] ?? Number.NaN
        return Number.isNaN(value) ? [] : [[name, value] as const]
      }),
    ),
  }))
}
