/** The line of a sparkline. Pure. */

export interface SparklineBox {
  /** Of the drawing area (px). */
  width: number
  height: number
  /** Space for half of the stroke at each edge (px). */
  inset: number
}

export interface SparklineShape {
  /** SVG path data: a line for each run of values, a dot for a value without neighbours. Empty without values. */
  path: string
  /** Where the last value is, if the newest value is a number. */
  end: { x: number; y: number } | undefined
}

/**
 * Draws values at equal distances over the whole width, scaled from their minimum to their maximum; a line in the middle
 * if they are equal. Values that are not finite leave gaps. Draws at most two points for each pixel of the width,
 * the minimum and maximum there, so the work after one pass over the values is bounded by the width.
 */
export const sparklineOf = (values: ArrayLike<number>, box: SparklineBox): SparklineShape => {
  const range = rangeOf(values)
  if (range === undefined) return { path: '', end: undefined }
  const x = (at: number): number =>
    values.length < 2 ? box.width / 2 : box.inset + (at / (values.length - 1)) * (box.width - 2 * box.inset)
  const span = range.max - range.min
  const y = (value: number): number =>
    span === 0 ? box.height / 2 : box.inset + ((range.max - value) / span) * (box.height - 2 * box.inset)

  const runs: string[] = []
  let run: string[] = []
  const endRun = (): void => {
    // A line of no length with round ends is a dot.
    if (run.length === 1) run.push(...run)
    if (run.length > 0) runs.push(`M${run.join('L')}`)
    run = []
  }
  const bucket = Math.max(1, Math.ceil(values.length / box.width))
  for (let from = 0; from < values.length; from += bucket) {
    const places = extremes(values, from, Math.min(values.length, from + bucket))
    if (places.length === 0) endRun()
    for (const at of places) run.push(`${short(x(at))} ${short(y(values[at] ?? 0))}`)
  }
  endRun()
  const last = values[values.length - 1]
  return {
    path: runs.join(''),
    end: last !== undefined && Number.isFinite(last) ? { x: x(values.length - 1), y: y(last) } : undefined,
  }
}

/** Indices of the minimum and the maximum in order, once if they are the same; empty without finite values. */
const extremes = (values: ArrayLike<number>, from: number, to: number): number[] => {
  let lowest = -1
  let highest = -1
  for (let at = from; at < to; at += 1) {
    const value = values[at] ?? Number.NaN
    if (!Number.isFinite(value)) continue
    if (lowest < 0 || value < (values[lowest] ?? 0)) lowest = at
    if (highest < 0 || value > (values[highest] ?? 0)) highest = at
  }
  if (lowest < 0) return []
  return lowest === highest ? [lowest] : [Math.min(lowest, highest), Math.max(lowest, highest)]
}

const rangeOf = (values: ArrayLike<number>): { min: number; max: number } | undefined => {
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? Number.NaN
    if (!Number.isFinite(value)) continue
    if (value < min) min = value
    if (value > max) max = value
  }
  return min <= max ? { min, max } : undefined
}

/** A tenth of a pixel is invisible. */
const short = (value: number): string => String(Math.round(value * 10) / 10)
