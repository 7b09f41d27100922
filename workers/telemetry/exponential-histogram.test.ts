import fc from 'fast-check'
import { expect, test } from 'vitest'
import { countAbove, createExponentialHistogram, differenceOf, percentileOf, sumOf } from './exponential-histogram.ts'

const durations = fc.array(fc.double({ min: 0.002, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 })

const histogramOf = (values: readonly number[]) => {
  const histogram = createExponentialHistogram()
  for (const value of values) histogram.record(value)
  return histogram
}

const exactPercentile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
}

test('every percentile is within 1.1 % of the exact one', () => {
  fc.assert(
    fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99, 1), (values, share) => {
      const exact = exactPercentile(values, share)
      const estimate = percentileOf(histogramOf(values).snapshot(), share)
      expect(Math.abs(estimate - exact) / exact).toBeLessThan(0.011)
    }),
  )
})

test('a sum and a difference equal the histogram of the same values', () => {
  fc.assert(
    fc.property(durations, durations, (a, b) => {
      const both = histogramOf([...a, ...b]).snapshot()
      const total = sumOf([histogramOf(a).snapshot(), histogramOf(b).snapshot()])
      expect(total).toEqual({ ...both, sum: expect.closeTo(both.sum, 3) })
      const growing = histogramOf(a)
      const before = growing.snapshot()
      for (const value of b) growing.record(value)
      const since = differenceOf(growing.snapshot(), before)
      const alone = histogramOf(b).snapshot()
      expect(since.count).toBe(alone.count)
      for (const limit of [0.1, 1, 50, 4000]) expect(countAbove(since, limit)).toBe(countAbove(alone, limit))
    }),
  )
})

test('values above a limit are counted, up to the width of a bucket', () => {
  fc.assert(
    fc.property(durations, fc.double({ min: 0.01, max: 1e6, noNaN: true }), (values, limit) => {
      const above = countAbove(histogramOf(values).snapshot(), limit)
      expect(above).toBeLessThanOrEqual(values.filter((value) => value > limit).length)
      expect(above).toBeGreaterThanOrEqual(values.filter((value) => value > limit * 1.03).length)
    }),
  )
})

test('counts zeros, negative and enormous values, and drops NaN', () => {
  const histogram = histogramOf([0, -5, Number.NaN, 1e300, Number.POSITIVE_INFINITY, 1e-9])
  const { count, zeroCount, buckets } = histogram.snapshot()
  expect([count, zeroCount, buckets.reduce((sum, each) => sum + each, 0)]).toEqual([5, 2, 3])
})

test('an empty histogram has percentiles of zero', () => {
  expect(percentileOf(createExponentialHistogram().snapshot(), 0.99)).toBe(0)
  expect(percentileOf(sumOf([]), 0.5)).toBe(0)
})
