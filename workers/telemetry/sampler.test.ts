import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SampleRing } from './sample-ring.ts'
import { createSampler, rowsOf } from './sampler.ts'

const [count, state, maximum] = [0, 1, 2] as const
const none: ReadonlyMap<string, number> = new Map()

const createTestSampler = () => createSampler({ kinds: ['count', 'state', 'maximum'], names: 2 })

const columnOf = (ring: SampleRing, column: number): number[] => rowsOf(ring, 3).map(({ row }) => row[column] ?? 0)
const timesOf = (ring: SampleRing): number[] => rowsOf(ring, 3).map(({ time }) => time)
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Ticks of a machine that sleeps, whose timers are throttled and whose clock people and servers set. */
const ticks = fc.array(
  fc.record({
    clockMs: fc.oneof(
      { weight: 10, arbitrary: fc.integer({ min: 900, max: 1_100 }) },
      fc.constantFrom(0, 1, -1, -300, 60_000, 3_600_000, -3_600_000, 86_400_000, -86_400_000),
    ),
    more: fc.nat(100),
  }),
  { maxLength: 300, size: 'max' },
)

test('with any clock, times ascend and each step counts everything once', () => {
  fc.assert(
    fc.property(ticks, (given) => {
      const sampler = createTestSampler()
      let time = 1_800_000_000_000
      let total = 0
      for (const { clockMs, more } of given) {
        time += clockMs
        total += more
        sampler.add(time, Float64Array.of(total, 0, 0), none)
      }
      for (const ring of [sampler.seconds, sampler.minutes]) {
        const times = timesOf(ring)
        expect(times.every((each, at) => at === 0 || each > (times[at - 1] ?? 0))).toBe(true)
      }
      expect(sum(columnOf(sampler.seconds, count))).toBe(total)
      expect(sum(columnOf(sampler.minutes, count)) + (sampler.partialMinute()?.row[count] ?? 0)).toBe(total)
      if (given.length > 0) expect(Math.abs((sampler.seconds.timeOf(0) ?? 0) - time)).toBeLessThan(1_000)
    }),
  )
})

test('a minute sums counts and keeps the last state and the longest delay', () => {
  const sampler = createTestSampler()
  const minute = 1_800_000_000_000
  const values = [
    [1, 10, 5],
    [3, 11, Number.NaN],
    [6, 12, 40],
    [6, Number.NaN, 7],
  ]
  for (const [at, row] of values.entries())
    sampler.add(minute + at * 1_000, Float64Array.from(row), new Map([['peer', at]]))
  expect(sampler.minutes.length()).toBe(0)
  sampler.add(minute + 60_000, Float64Array.of(9, 1, 1), none)
  const [row] = rowsOf(sampler.minutes, 3)
  expect(row).toEqual({ time: minute + 3_000, row: Float64Array.of(6, Number.NaN, 40), named: new Map([['peer', 3]]) })
  expect([columnOf(sampler.seconds, state), columnOf(sampler.seconds, maximum)]).toEqual([
    [10, 11, 12, Number.NaN, 1],
    [5, Number.NaN, 40, 7, 1],
  ])
})

test('an hour without rows is a gap of an hour', () => {
  const sampler = createTestSampler()
  const time = 1_800_000_000_000
  for (const after of [0, 1_000, 3_600_000, 3_601_000]) sampler.add(time + after, Float64Array.of(after, 0, 0), none)
  expect(timesOf(sampler.seconds)).toEqual([time, time + 1_000, time + 3_600_000, time + 3_601_000])
  expect(columnOf(sampler.seconds, count)).toEqual([0, 1_000, 3_599_000, 1_000])
})

test('a hidden tab whose timers fire once a minute for an hour loses no count and invents no row', () => {
  const sampler = createTestSampler()
  const begin = 1_800_000_000_000
  for (let at = 0; at <= 60; at += 1)
    sampler.add(begin + at * 60_000 + (at % 3), Float64Array.of(at * 100, at, 59_000), none)
  expect(sampler.seconds.length()).toBe(61)
  expect(sampler.minutes.length()).toBe(60)
  expect(columnOf(sampler.minutes, count)).toEqual([0, ...Array(59).fill(100)])
  expect(sampler.partialMinute()?.row).toEqual(Float64Array.of(100, 60, 59_000))
  // Visible again: a row a second.
  for (let at = 1; at <= 60; at += 1)
    sampler.add(begin + 3_600_000 + at * 1_000, Float64Array.of(6_000 + at, 0, 0), none)
  expect(sampler.seconds.length()).toBe(121)
  expect(columnOf(sampler.minutes, count).at(-1)).toBe(100 + 59)
})

test('an unknown total counts with the next known one', () => {
  const sampler = createTestSampler()
  for (const [at, total] of [5, Number.NaN, 9].entries()) sampler.add(at * 1_000, Float64Array.of(total, 0, 0), none)
  expect(columnOf(sampler.seconds, count)).toEqual([5, 0, 4])
})

test('rows of an earlier process come before those of this one, except those with later times', () => {
  const sampler = createTestSampler()
  sampler.add(600_000, Float64Array.of(1, 0, 0), none)
  sampler.add(660_000, Float64Array.of(2, 0, 0), none)
  const stored = [120_000, 180_000, 599_000].map((time) => ({ time, row: Float64Array.of(7, 7, 7), named: none }))
  sampler.restoreMinutes(stored)
  expect(timesOf(sampler.minutes)).toEqual([120_000, 180_000, 599_000, 600_000])
  sampler.add(720_000, Float64Array.of(2, 0, 0), none)
  expect(timesOf(sampler.minutes)).toEqual([120_000, 180_000, 599_000, 600_000, 660_000])
})
