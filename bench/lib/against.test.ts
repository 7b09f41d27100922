import { expect, test } from 'vitest'
import { differencesBetween, differenceToText, type RunFigure, turnsOf } from './against.ts'

const run = (p50: number, tail = p50 * 2, unit = 'ms'): RunFigure[] => [
  { scenario: 'work', unit, higherIsBetter: unit === 'MB/s', p50, p95: tail, p99: tail * 2 },
]

const before = [10, 10.4, 9.8, 10.2, 10.1].map((p50) => run(p50))

test('checkouts take turns, neither always first', () => {
  expect(turnsOf(3)).toEqual(['before', 'now', 'now', 'before', 'before', 'now'])
})

test('runs that are 15 % slower are worse, and those of the same speed are not', () => {
  const [slower] = differencesBetween(
    before,
    [11.5, 11.8, 11.4, 11.7, 11.6].map((p50) => run(p50, 20)),
  )
  expect(slower?.worse).toEqual(['p50'])
  const [same] = differencesBetween(
    before,
    [10.3, 9.9, 10.2, 10, 10.1].map((p50) => run(p50)),
  )
  expect([same?.worse, same?.better]).toEqual([[], []])
})

test('a tail that grows alone is seen', () => {
  const [difference] = differencesBetween(
    before,
    [10.1, 10.3, 9.9, 10.2, 10].map((p50) => run(p50, 60)),
  )
  expect(difference?.worse).toEqual(['p95', 'p99'])
})

test('one slow run among five is chance', () => {
  const [difference] = differencesBetween(
    before,
    [10, 30, 9.9, 10.1, 10.2].map((p50) => run(p50)),
  )
  expect(difference?.worse).toEqual([])
})

test('of speeds the lower one is worse', () => {
  const speeds = (all: number[]) => all.map((p50) => run(p50, p50, 'MB/s'))
  const [difference] = differencesBetween(speeds([20, 21, 20.5, 20.2, 20.8]), speeds([15, 14.8, 15.2, 15.1, 14.9]))
  expect(difference?.worse).toEqual(['p50', 'p95', 'p99'])
})

test('too few runs are said to be too few', () => {
  const [difference] = differencesBetween(before.slice(0, 2), [run(30), run(31)])
  expect(difference && differenceToText(difference)).toContain('too few runs to tell')
})
