import fc from 'fast-check'
import { expect, test } from 'vitest'
import { column, perSecond, shareOf, total } from './read-columns.ts'
import { emptyWindow, type SampleWindow } from './window.ts'

const windowOf = (stepMs: number, columns: Record<string, number[]>): SampleWindow => ({
  ...emptyWindow(stepMs, 3_600_000),
  times: Float64Array.from(Object.values(columns)[0] ?? [], (_value, row) => row * stepMs),
  columns: new Map(Object.entries(columns).map(([name, values]) => [name, Float64Array.from(values)])),
})

test('a share is that of the counts in the minute before, as counted one by one', () => {
  const counts = fc.array(fc.oneof(fc.nat(5), fc.constant(Number.NaN)), { minLength: 1, maxLength: 150 })
  fc.assert(
    fc.property(counts, counts, fc.nat(150), (hits, misses, first) => {
      const length = Math.min(hits.length, misses.length)
      const window = windowOf(1000, { cache_hits_hot: hits.slice(0, length), cache_misses: misses.slice(0, length) })
      const from = Math.min(first, length)
      const shares = shareOf(['cache_hits_hot'], ['cache_hits_hot', 'cache_misses'])(window, from, length)
      expect(shares).toHaveLength(length - from)
      for (let row = from; row < length; row += 1) {
        let [part, whole] = [0, 0]
        for (let before = Math.max(0, row - 59); before <= row; before += 1) {
          part += hits[before] || 0
          whole += (hits[before] || 0) + (misses[before] || 0)
        }
        if (whole === 0) expect(shares[row - from]).toBeNaN()
        else expect(shares[row - from]).toBeCloseTo(part / whole, 9)
      }
    }),
  )
})

test('a count of a minute is given in a second', () => {
  const window = windowOf(60_000, { bytes_in_piece: [600, 1200], bytes_in_sync: [60, Number.NaN] })
  expect(Array.from(perSecond('bytes_in_piece')(window, 0, 2))).toEqual([10, 20])
  expect(Array.from(perSecond('bytes_in_piece', 'bytes_in_sync')(window, 0, 2))).toEqual([11, Number.NaN])
  expect(total(window, 'bytes_in_sync', 0, 2)).toBe(60)
})

test('a column that the engine does not know has no values', () => {
  const window = windowOf(1000, { operations: [1, 2] })
  expect(Array.from(column('event_loop_lag')(window, 0, 2))).toEqual([])
  expect(Array.from(perSecond('gossip_sent')(window, 0, 2))).toEqual([Number.NaN, Number.NaN])
  expect(Array.from(shareOf(['cache_misses'], ['cache_misses'])(window, 0, 2))).toEqual([Number.NaN, Number.NaN])
  expect(total(window, 'cache_misses', 0, 2)).toBe(0)
})
