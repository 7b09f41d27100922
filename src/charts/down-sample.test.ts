import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { downSample } from './down-sample.ts'

const rows = fc
  .array(
    fc.tuple(
      fc.integer({ min: 500, max: 4000 }),
      fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.constant(Number.NaN)),
    ),
    { maxLength: 200 },
  )
  .map((steps) => {
    let time = 1_000_000
    return steps.map(([step, value]) => {
      time += step
      return { time, value }
    })
  })

const sample = (given: { time: number; value: number }[], summary: 'mean' | 'max' | 'last', bucketMs: number) =>
  downSample(
    given.map(({ time }) => time),
    [{ values: given.map(({ value }) => value), summary }],
    { bucketMs, stepMs: 1000 },
  )

describe('down-sampling', () => {
  test('keeps the largest value and stays between the smallest and the largest', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(1000, 5000, 60_000), (given, bucketMs) => {
        const values = given.map(({ value }) => value).filter((value) => !Number.isNaN(value))
        const highest = sample(given, 'max', bucketMs).values[0]?.filter((value) => value !== null) ?? []
        const means = sample(given, 'mean', bucketMs).values[0]?.filter((value) => value !== null) ?? []
        if (values.length === 0) {
          expect(highest).toEqual([])
          return
        }
        expect(Math.max(...highest)).toBe(Math.max(...values))
        const slack = 1e-6
        for (const mean of means) {
          expect(mean).toBeGreaterThanOrEqual(Math.min(...values) - slack)
          expect(mean).toBeLessThanOrEqual(Math.max(...values) + slack)
        }
      }),
    )
  })

  test('gives at most one row for each stretch, and one for each gap, in ascending order', () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(5000, 60_000), (given, bucketMs) => {
        const { times, values } = sample(given, 'last', bucketMs)
        for (const [row, time] of times.entries()) if (row > 0) expect(time).toBeGreaterThan(times[row - 1] ?? 0)
        expect(values[0]).toHaveLength(times.length)
        const known = new Set(given.map(({ time }) => time))
        const stretches = new Set(given.map(({ time }) => Math.floor(time / bucketMs)))
        expect(times.filter((time) => known.has(time)).length).toBe(stretches.size)
      }),
    )
  })

  test('at the pace of the rows every row keeps its value, also two in one second', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const { times, values } = sample(given, 'mean', 1000)
        const shown = new Map(times.map((time, row) => [time, values[0]?.[row]]))
        for (const { time, value } of given) expect(shown.get(time)).toBe(Number.isNaN(value) ? null : value)
      }),
    )
  })

  test('rows that follow change only the last stretch', () => {
    fc.assert(
      fc.property(rows, fc.nat(200), (given, cut) => {
        const before = sample(given.slice(0, cut), 'mean', 5000)
        const after = sample(given, 'mean', 5000)
        const complete = Math.max(0, before.times.length - 1)
        expect(after.times.slice(0, complete)).toEqual(before.times.slice(0, complete))
        expect(after.values[0]?.slice(0, complete)).toEqual(before.values[0]?.slice(0, complete))
      }),
    )
  })

  test('a row of nulls stands where rows are missing', () => {
    const drawn = downSample([1000, 2000, 9000], [{ values: [1, 2, 3], summary: 'last' }], {
      bucketMs: 1000,
      stepMs: 1000,
    })
    expect(drawn).toEqual({ times: [1000, 2000, 5500, 9000], values: [[1, 2, null, 3]] })
  })

  test('a series that is too short ends in nulls', () => {
    const drawn = downSample([1000, 2000], [{ values: [1], summary: 'max' }], { bucketMs: 1000, stepMs: 1000 })
    expect(drawn.values).toEqual([[1, null]])
  })
})
