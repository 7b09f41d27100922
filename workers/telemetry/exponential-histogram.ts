/**
 * A base-2 exponential histogram (OpenTelemetry data model, “ExponentialHistogram”) of a fixed scale: 32 buckets per
 * power of two, so that a percentile is within 1.1 % of an exact one. Recording costs one logarithm and allocates
 * nothing.
 */
export interface ExponentialHistogram {
  /** Negative values count as zero; NaN is dropped. */
  record(value: number): void
  count(): number
  snapshot(): HistogramSnapshot
}

/** Counts since the start. Bucket `i` holds values in (base^(offset + i), base^(offset + i + 1)], base = 2^(2^-scale). */
export interface HistogramSnapshot {
  readonly count: number
  readonly sum: number
  /** 0 without values. */
  readonly min: number
  readonly max: number
  readonly zeroCount: number
  readonly scale: number
  readonly offset: number
  readonly buckets: Uint32Array
}

export const histogramScale = 5

const bucketsPerOctave = 2 ** histogramScale

/** Range of values: about 0.001 to 16 million (ms: four hours); values beyond it count in the outermost bucket. */
const lowestOctave = -10
const highestOctave = 24

const lowestIndex = lowestOctave * bucketsPerOctave
const bucketCount = (highestOctave - lowestOctave) * bucketsPerOctave

export const createExponentialHistogram = (): ExponentialHistogram => {
  const counts = new Uint32Array(bucketCount)
  let count = 0
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = 0
  let zeroCount = 0
  return {
    record(given) {
      if (Number.isNaN(given)) return
      const value = Math.min(Math.max(given, 0), Number.MAX_SAFE_INTEGER)
      count += 1
      sum += value
      if (value < min) min = value
      if (value > max) max = value
      if (value === 0) {
        zeroCount += 1
        return
      }
      const index = Math.ceil(Math.log2(value) * bucketsPerOctave) - 1 - lowestIndex
      const bucket = index < 0 ? 0 : index >= bucketCount ? bucketCount - 1 : index
      counts[bucket] = (counts[bucket] ?? 0) + 1
    },
    count: () => count,
    snapshot() {
      let first = 0
      while (first < bucketCount && counts[first] === 0) first += 1
      let end = bucketCount
      while (end > first && counts[end - 1] === 0) end -= 1
      return {
        count,
        sum,
        min: count === 0 ? 0 : min,
        max,
        zeroCount,
        scale: histogramScale,
        offset: lowestIndex + first,
        buckets: counts.slice(first, end),
      }
    },
  }
}

/** The value below which `share` (0 to 1) of the values lie: the nearest rank, from its bucket. 0 without values. */
export const percentileOf = (
  { count, zeroCount, min, max, scale, offset, buckets }: HistogramSnapshot,
  share: number,
): number => {
  const rank = Math.max(1, Math.ceil(share * count))
  let seen = zeroCount
  if (seen >= rank || count === 0) return 0
  for (const [at, inBucket] of buckets.entries()) {
    seen += inBucket
    // The geometric middle of the bucket.
    if (seen >= rank) return Math.min(max, Math.max(min, 2 ** ((offset + at + 0.5) / 2 ** scale)))
  }
  return max
}

/** Number of values above `limit`, which is rounded to the next bucket's bound. */
export const countAbove = ({ scale, offset, buckets }: HistogramSnapshot, limit: number): number => {
  const first = limit <= 0 ? 0 : Math.max(0, Math.ceil(Math.log2(limit) * 2 ** scale) - offset)
  let above = 0
  for (let at = first; at < buckets.length; at += 1) above += buckets[at] ?? 0
  return above
}

/** What `later` has counted since `earlier`, of the same histogram. `min` and `max` are the bounds of its buckets. */
export const differenceOf = (later: HistogramSnapshot, earlier: HistogramSnapshot | undefined): HistogramSnapshot => {
  if (earlier === undefined || earlier.count === 0) return later
  const buckets = later.buckets.slice()
  const shift = earlier.offset - later.offset
  for (const [at, inBucket] of earlier.buckets.entries()) buckets[at + shift] = (buckets[at + shift] ?? 0) - inBucket
  return {
    ...later,
    count: later.count - earlier.count,
    sum: later.sum - earlier.sum,
    zeroCount: later.zeroCount - earlier.zeroCount,
    buckets,
  }
}

/** The sum of histograms of the same scale. */
export const sumOf = (snapshots: readonly HistogramSnapshot[]): HistogramSnapshot => {
  const counted = snapshots.filter(({ count }) => count > 0)
  const first = Math.min(...counted.map(({ offset }) => offset))
  const end = Math.max(...counted.map(({ offset, buckets }) => offset + buckets.length))
  const buckets = new Uint32Array(counted.length === 0 ? 0 : end - first)
  for (const each of counted)
    for (const [at, inBucket] of each.buckets.entries()) {
      const bucket = at + each.offset - first
      buckets[bucket] = (buckets[bucket] ?? 0) + inBucket
    }
  const total = (value: (snapshot: HistogramSnapshot) => number): number =>
    counted.reduce((sum, each) => sum + value(each), 0)
  return {
    count: total(({ count }) => count),
    sum: total(({ sum }) => sum),
    min: counted.length === 0 ? 0 : Math.min(...counted.map(({ min }) => min)),
    max: counted.length === 0 ? 0 : Math.max(...counted.map(({ max }) => max)),
    zeroCount: total(({ zeroCount }) => zeroCount),
    scale: histogramScale,
    offset: counted.length === 0 ? 0 : first,
    buckets,
  }
}
