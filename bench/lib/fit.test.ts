import fc from 'fast-check'
import { expect, test } from 'vitest'
import { growthExponent, growthOverLogarithm, leastSquares } from './fit.ts'

const sizes = [10, 50, 100, 500, 1_000]
const pointsOf = (curve: (x: number) => number) => sizes.map((x) => ({ x, y: curve(x) }))

test('a line is found again', () => {
  fc.assert(
    fc.property(fc.integer({ min: -100, max: 100 }), fc.integer({ min: -100, max: 100 }), (slope, intercept) => {
      const found = leastSquares(pointsOf((x) => intercept + slope * x))
      expect(found.slope).toBeCloseTo(slope, 6)
      expect(found.intercept).toBeCloseTo(intercept, 4)
    }),
  )
})

test('powers have their exponent', () => {
  for (const power of [0, 0.5, 1, 2]) expect(growthExponent(pointsOf((x) => 3 * x ** power))).toBeCloseTo(power, 9)
})

test('the logarithm grows like itself, a root faster, a constant slower', () => {
  expect(growthOverLogarithm(pointsOf((x) => 4 * Math.log2(x)))).toBeCloseTo(1, 9)
  expect(growthOverLogarithm(pointsOf((x) => 1 + Math.log2(x)))).toBeLessThan(1)
  expect(growthOverLogarithm(pointsOf(Math.sqrt))).toBeGreaterThan(3)
  expect(growthOverLogarithm(pointsOf(() => 7))).toBeCloseTo(1 / 3, 9)
})

test('a single size shows no growth', () => {
  expect(leastSquares([{ x: 1, y: 2 }]).slope).toBeNaN()
  expect(growthOverLogarithm([{ x: 10, y: 2 }])).toBeNaN()
  expect(growthOverLogarithm([])).toBeNaN()
})
