import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readSamples } from './sample-rows.ts'

const anyTimes = fc.float64Array({ maxLength: 40 })

describe('reading samples', () => {
  test('any value gives columns as long as the times, which ascend', () => {
    const anyView = fc.oneof(
      fc.anything(),
      fc.record(
        {
          times: fc.oneof(anyTimes, fc.anything()),
          columns: fc.oneof(fc.dictionary(fc.string(), fc.oneof(anyTimes, fc.anything())), fc.anything()),
          points: fc.oneof(
            fc.dictionary(fc.constantFrom('search', 'dht_lookup', '__proto__', 'x'), fc.anything()),
            fc.record({ search: fc.record({ times: anyTimes, values: anyTimes }) }),
            fc.anything(),
          ),
          events: fc.oneof(fc.array(fc.anything()), fc.anything()),
        },
        { requiredKeys: [] },
      ),
    )
    fc.assert(
      fc.property(anyView, (view) => {
        const { times, columns, points, events } = readSamples(view)
        for (const [row, time] of times.entries())
          expect(time).toBeGreaterThan(times[row - 1] ?? Number.NEGATIVE_INFINITY)
        for (const column of columns.values()) expect(column).toHaveLength(times.length)
        for (const { times: at, values } of points.values()) expect(values).toHaveLength(at.length)
        for (const { time, subject } of events) expect([typeof time, typeof subject]).toEqual(['number', 'string'])
      }),
      { numRuns: 500 },
    )
  })

  test('columns of another length, another type or an unknown name do no harm', () => {
    const { columns } = readSamples({
      times: Float64Array.of(1, 2, 3),
      columns: {
        short: Float64Array.of(1),
        long: Float64Array.of(1, 2, 3, 4),
        array: [1, 2, 3],
        unknown: Float64Array.of(7, 8, 9),
      },
    })
    expect(Object.fromEntries(columns)).toEqual({
      short: Float64Array.of(1, Number.NaN, Number.NaN),
      long: Float64Array.of(1, 2, 3),
      unknown: Float64Array.of(7, 8, 9),
    })
  })

  test('when the clock was set back, the rows that are now in the future are dropped', () => {
    const { times, columns } = readSamples({
      times: Float64Array.of(1000, 2000, 3000, 1500, Number.NaN, 2500),
      columns: { a: Float64Array.of(1, 2, 3, 4, 5, 6) },
    })
    expect([...times]).toEqual([1000, 1500, 2500])
    expect([...(columns.get('a') ?? [])]).toEqual([1, 4, 6])
  })

  test('what is far too much is cut', () => {
    const times = Float64Array.from({ length: 100_000 }, (_, at) => at)
    const columns = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`c${at}`, new Float64Array(1)]))
    const rows = readSamples({ times, columns: { last: times, ...columns } })
    expect(rows.times).toHaveLength(90_000)
    expect(rows.times[0]).toBe(10_000)
    expect(rows.columns.get('last')?.at(-1)).toBe(99_999)
    expect(rows.columns.size).toBe(200)
  })
})
