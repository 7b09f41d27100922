import { expect, test } from 'vitest'
import { numberToText, percentile, toRow } from './measurement.ts'

test('percentiles are nearest-rank values of the samples', () => {
  const samples = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(percentile(samples, 0.5)).toBe(50)
  expect(percentile(samples, 0.95)).toBe(95)
  expect(percentile(samples, 1)).toBe(100)
  expect(percentile([7], 0.99)).toBe(7)
})

test('a target is a maximum, or a minimum if higher is better, at its percentile', () => {
  const samples = [1, 1, 1, 9]
  expect(toRow({ scenario: 'a', unit: 'ms', samples, target: 5 }).pass).toBe(true)
  expect(toRow({ scenario: 'a', unit: 'ms', samples, target: 5, targetAt: 'p95' }).pass).toBe(false)
  expect(toRow({ scenario: 'a', unit: 'x', samples, target: 5, higherIsBetter: true }).pass).toBe(false)
  expect(toRow({ scenario: 'a', unit: 'MB/s', samples, target: 5 }).pass).toBe(false)
  expect(toRow({ scenario: 'a', unit: 'ms', samples }).pass).toBeNull()
})

test('figures have three significant digits at any size', () => {
  const texts = [0, 0.000123456, 0.0456, 0.5, 1.234, 56.78, 99.99, 123.4, 45_678, -0.0123].map(numberToText)
  expect(texts).toEqual(['0', '0.000123', '0.0456', '0.500', '1.23', '56.8', '100.0', '123', '45678', '-0.0123'])
  expect(numberToText(Number.NaN)).toBe('–')
  expect(numberToText(1e-12)).toBe('0.000000')
})
