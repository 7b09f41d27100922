import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exactUpTo, leastProbability, medianOf, probabilityOfHigher, shiftBetween } from './rank-test.ts'

/** Few distinct values, so that ties occur. */
const samples = (minLength: number, maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 6 }), { minLength, maxLength })

/** By definition: the share of all ways to draw `after.length` samples whose U is at least as high. */
const slowProbability = (before: readonly number[], after: readonly number[]): number => {
  const all = [...before, ...after]
  const uOf = (drawn: ReadonlySet<number>): number => {
    let u = 0
    for (const [at, a] of all.entries())
      for (const [other, b] of all.entries()) if (drawn.has(at) && !drawn.has(other)) u += a > b ? 1 : a === b ? 0.5 : 0
    return u
  }
  const observed = uOf(new Set(after.map((_, at) => before.length + at)))
  let ways = 0
  let asHigh = 0
  for (let mask = 0; mask < 2 ** all.length; mask++) {
    const drawn = new Set(all.keys().filter((at) => (mask >> at) % 2 === 1))
    if (drawn.size !== after.length) continue
    ways += 1
    if (uOf(drawn) >= observed) asHigh += 1
  }
  return asHigh / ways
}

test('the probability equals a count of all draws, with ties', () => {
  fc.assert(
    fc.property(samples(1, 4), samples(1, 4), (before, after) => {
      expect(probabilityOfHigher(before, after)).toBeCloseTo(slowProbability(before, after), 10)
    }),
    { seed: 7, numRuns: 200 },
  )
})

test('the approximation agrees with the exact probability at the limit between them', () => {
  const half = exactUpTo / 2
  const values = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: half, maxLength: half + 4 })
  fc.assert(
    fc.property(values, values, fc.integer({ min: 0, max: 12 }), (before, others, shift) => {
      const after = others.map((value) => value + shift)
      const counted = probabilityOfHigher(before, after, Number.POSITIVE_INFINITY)
      expect(Math.abs(counted - probabilityOfHigher(before, after, 0))).toBeLessThan(0.01)
    }),
    { seed: 11, numRuns: 100 },
  )
})

test('the probability matches published values', () => {
  // Five above five is one of 252 draws.
  expect(probabilityOfHigher([1, 2, 3, 4, 5], [6, 7, 8, 9, 10])).toBeCloseTo(1 / 252, 12)
  expect(leastProbability(5, 5)).toBeCloseTo(1 / 252, 12)
  expect(probabilityOfHigher([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])).toBe(1)
  expect(probabilityOfHigher(new Array(50).fill(3), new Array(50).fill(3))).toBe(1)
  // z = (875 - 0.5 - 450) / sqrt(30 * 30 * 61 / 12), from a table of the normal distribution.
  const before = Array.from({ length: 30 }, (_, n) => n)
  expect(
    probabilityOfHigher(
      before,
      before.map((n) => n + 0.5),
    ),
  ).toBeCloseTo(0.4147, 3)
})

test('the shift is the median of all differences and ignores one outlier', () => {
  expect(shiftBetween([1, 2, 3], [11, 12, 13])).toBe(10)
  expect(shiftBetween([1, 2, 3], [11, 12, 1_000])).toBe(10)
})

test('the median of an even number of samples lies between the middle two', () => {
  expect(medianOf([4, 1, 3, 2])).toBe(2.5)
  expect(medianOf([])).toBeNaN()
})
