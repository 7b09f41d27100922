import { expect, test } from 'vitest'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import { estimate } from './bootstrap.ts'
import { medianOf } from './rank-test.ts'

const mean = (samples: readonly number[]): number => samples.reduce((sum, each) => sum + each, 0) / samples.length

const normal = (random: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

test('an interval contains the mean it estimates in about 95 of 100 cases', () => {
  const random = createSeededRandom(1)
  let hits = 0
  const cases = 100
  for (let n = 0; n < cases; n += 1) {
    const groups = Array.from({ length: 12 }, () => Array.from({ length: 8 }, () => 5 + normal(random)))
    const { low, high } = estimate(groups, mean, random)
    if (low <= 5 && 5 <= high) hits += 1
  }
  // Seeded: the count is the same in every run.
  expect(hits).toBeGreaterThanOrEqual(88)
})

test('differences between groups widen the interval', () => {
  const random = createSeededRandom(2)
  const widthOf = (spread: number): number => {
    const groups = Array.from({ length: 8 }, () => {
      const shift = spread * normal(random)
      return Array.from({ length: 20 }, () => shift + normal(random))
    })
    const { low, high } = estimate(groups, mean, random)
    return high - low
  }
  expect(widthOf(2)).toBeGreaterThan(3 * widthOf(0))
})

test('equal observations give an interval without width, and none give none', () => {
  const random = createSeededRandom(3)
  expect(estimate([[2, 2], [2]], medianOf, random)).toEqual({ value: 2, low: 2, high: 2 })
  expect(estimate([], medianOf, random)).toEqual({ value: Number.NaN, low: Number.NaN, high: Number.NaN })
})
