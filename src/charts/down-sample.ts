/** Series as uPlot takes them: null is a gap. */
export type Values = (number | null)[]

/** What stands for the values of one stretch of time: `max` keeps spikes, `last` the state at its end. */
export type Summary = 'mean' | 'max' | 'last'

/** Rows of a chart: `values[series][row]`. */
export interface Drawn {
  times: number[]
  values: Values[]
}

interface Options {
  /**
   * Length of a stretch (ms). Stretches begin at multiples of it, so that they stay the same when rows follow. With that
   * of a step every row stands for itself.
   */
  bucketMs: number
  /** Time from one row to the next (ms). */
  stepMs: number
}

/**
 * Summarizes rows in stretches of equal time, and puts a row of nulls where rows are missing, so that no line is drawn
 * over the gap. NaN is nothing measured.
 */
export const downSample = (
  times: ArrayLike<number>,
  series: readonly { values: ArrayLike<number>; summary: Summary }[],
  { bucketMs, stepMs }: Options,
): Drawn => {
  // Timers are not exact: two rows may lie in one second, and are two values all the same.
  const isEachShown = bucketMs <= stepMs
  const gapMs = 2.5 * Math.max(bucketMs, stepMs)
  const drawn: Drawn = { times: [], values: series.map(() => []) }
  let row = 0
  while (row < times.length) {
    const end = isEachShown ? row + 1 : endOfBucket(times, row, bucketMs)
    const time = times[end - 1] ?? 0
    const before = drawn.times.at(-1)
    if (before !== undefined && time - before > gapMs) {
      drawn.times.push((before + time) / 2)
      for (const values of drawn.values) values.push(null)
    }
    drawn.times.push(time)
    for (const [at, { values, summary }] of series.entries()) {
      drawn.values[at]?.push(end - row === 1 ? orNull(values[row]) : summarize(values, row, end, summary))
    }
    row = end
  }
  return drawn
}

/** The row after the last one in the same stretch. */
const endOfBucket = (times: ArrayLike<number>, first: number, bucketMs: number): number => {
  const next = (Math.floor((times[first] ?? 0) / bucketMs) + 1) * bucketMs
  let end = first + 1
  while (end < times.length && (times[end] ?? 0) < next) end += 1
  return end
}

const summarize = (values: ArrayLike<number>, start: number, end: number, summary: Summary): number | null => {
  let count = 0
  let sum = 0
  let max = Number.NEGATIVE_INFINITY
  let last = 0
  for (let row = start; row < end; row += 1) {
    const value = values[row] ?? Number.NaN
    if (!Number.isFinite(value)) continue
    count += 1
    sum += value
    last = value
    if (value > max) max = value
  }
  if (count === 0) return null
  if (summary === 'mean') return sum / count
  return summary === 'max' ? max : last
}

export const orNull = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value
