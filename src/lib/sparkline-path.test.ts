import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sparklineOf } from './sparkline-path.ts'

const box = { width: 100, height: 20, inset: 1 }

const pointsOf = (path: string): [number, number][] =>
  [...path.matchAll(/(?<x>-?[\d.]+) (?<y>-?[\d.]+)/g)].map(({ groups }) => [
    Number(groups?.['x']),
    Number(groups?.['y']),
  ])

it('draws the highest value at the top and the lowest at the bottom', () => {
  expect(sparklineOf([0, 10, 5], box)).toEqual({ path: 'M1 19L50 1L99 10', end: { x: 99, y: 10 } })
})

it('draws nothing without values, a dot for one, a line in the middle for equal ones', () => {
  expect(sparklineOf([], box)).toEqual({ path: '', end: undefined })
  expect(sparklineOf([Number.NaN, Number.POSITIVE_INFINITY], box)).toEqual({ path: '', end: undefined })
  expect(sparklineOf([7], box).path).toBe('M50 10L50 10')
  expect(sparklineOf([7, 7], box).path).toBe('M1 10L99 10')
})

it('leaves a gap where a value is missing, and has no end when the newest is', () => {
  expect(sparklineOf([0, 1, Number.NaN, 1, Number.NaN], box)).toEqual({
    path: 'M1 19L25.5 1M74.5 1L74.5 1',
    end: undefined,
  })
})

it('stays in the box, with a bounded number of points, and keeps the extremes, for any values', () => {
  const value = fc.oneof({ weight: 8, arbitrary: fc.double({ min: -1e9, max: 1e9 }) }, fc.constant(Number.NaN))
  fc.assert(
    fc.property(fc.array(value, { maxLength: 2_000 }), (values) => {
      const { path } = sparklineOf(Float64Array.from(values), box)
      const points = pointsOf(path)
      expect(points.length).toBeLessThanOrEqual(4 * box.width)
      for (const [x, y] of points) {
        expect(x).toBeGreaterThanOrEqual(1)
        expect(x).toBeLessThanOrEqual(99)
        expect(y).toBeGreaterThanOrEqual(1)
        expect(y).toBeLessThanOrEqual(19)
      }
      const finite = values.filter(Number.isFinite)
      if (new Set(finite).size > 1) {
        const heights = points.map(([, y]) => y)
        expect(Math.min(...heights)).toBe(1)
        expect(Math.max(...heights)).toBe(19)
      }
    }),
    { seed: 1, numRuns: 200 },
  )
})
