import { expect, test } from 'vitest'
import { hourMs, lastHour } from './last-hour.ts'

const now = 10 * hourMs
const samples = (rows: readonly (readonly [agoMs: number, value: number])[]) => ({
  times: Float64Array.from(rows, ([agoMs]) => now - agoMs),
  columns: new Map([['search_p95', Float64Array.from(rows, ([, value]) => value)]]),
})

test('each row has its minute, and minutes without one are gaps', () => {
  const values = lastHour(
    samples([
      [hourMs, 1],
      [120_000, 2],
      [1, 3],
    ]),
    'search_p95',
    now,
  )
  expect(values).toHaveLength(60)
  expect([values[0], values[58], values[59]]).toEqual([1, 2, 3])
  expect(values.filter(Number.isFinite)).toHaveLength(3)
})

test('rows outside the hour, also from the future, are left out', () => {
  const values = lastHour(
    samples([
      [hourMs + 60_000, 1],
      [-60_000, 2],
      [Number.NaN, 3],
    ]),
    'search_p95',
    now,
  )
  expect(values.every(Number.isNaN)).toBe(true)
})

test('an unknown or shorter column is a gap', () => {
  expect(lastHour(samples([[1, 3]]), 'none', now).every(Number.isNaN)).toBe(true)
  expect(
    lastHour({ times: Float64Array.of(now - 1), columns: new Map([['a', new Float64Array()]]) }, 'a', now)[59],
  ).toBeNaN()
})
