import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linearAxis, logAxis } from './axis.ts'

const anyNumber = fc.double({ noDefaultInfinity: false })

test('a linear axis has a few round lines and holds zero and all values', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e12, max: 0, noNaN: true }),
      fc.double({ min: 1e-9, max: 1e12, noNaN: true }),
      (low, high) => {
        const { min, max, splits } = linearAxis(low, high)
        const slack = (max - min) * 1e-6
        expect(min).toBeLessThanOrEqual(low + slack)
        expect(max).toBeGreaterThanOrEqual(high - slack)
        expect(splits.length).toBeGreaterThanOrEqual(2)
        expect(splits.length).toBeLessThanOrEqual(7)
      },
    ),
  )
  expect(linearAxis(0, 1).splits).toEqual([0, 0.25, 0.5, 0.75, 1])
  expect(linearAxis(0, 8).splits).toEqual([0, 2, 4, 6, 8])
})

test('a logarithmic axis goes from one power of ten to another', () => {
  expect(logAxis(12, 480).splits).toEqual([10, 100, 1000])
  expect(logAxis(10, 10).splits).toEqual([10, 100])
})

test('no number breaks an axis', () => {
  fc.assert(
    fc.property(anyNumber, anyNumber, (low, high) => {
      for (const { min, max, splits } of [linearAxis(low, high), logAxis(low, high)]) {
        expect(min).toBeLessThan(max)
        expect(splits.every(Number.isFinite)).toBe(true)
        expect(splits.length).toBeLessThan(400)
      }
    }),
  )
})
