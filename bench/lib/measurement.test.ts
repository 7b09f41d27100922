import { expect, test } from 'vitest'
import { percentile, toRow } from './measurement.ts'

test('percentiles are nearest-rank values of the samples', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(percentile(samples, 0.5)).toBe(50)
  expect(percentile(samples, 0.95)).toBe(95)
  expect(percentile(samples, 1)).toBe(100)
  expect(percentile([7], 0.99)).toBe(7)
})

test('a target is a ceiling, or a floor where higher is better, at the percentile it names', () => {
  const samples = [1, 1, 1, 9]
  expect(toRow({ scenario: 'a', unit: 'ms', samples, target: 5 }).pass).toBe(true)
  expect(toRow({ scenario: 'a', unit: 'ms', samples, target: 5, targetAt: 'p95' }).pass).toBe(false)
  expect(toRow({ scenario: 'a', unit: 'x', samples, target: 5, higherIsBetter: true }).pass).toBe(false)
  expect(toRow({ scenario: 'a', unit: 'ms', samples }).pass).toBeNull()
})
