import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { createChartGroup, zoomed } from './chart-group.ts'

const whole = { from: 1_000_000, to: 1_900_000 }

test('zooming in keeps the time under the cursor at its place, and never leaves the range', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('+' as const, '-' as const), fc.double({ min: 0, max: 1, noNaN: true }))),
      (presses) => {
        let shown = whole
        for (const [direction, share] of presses) {
          const around = shown.from + share * (shown.to - shown.from)
          const next = zoomed(shown, around, direction, whole) ?? whole
          expect(next.from).toBeGreaterThanOrEqual(whole.from - 1e-6)
          expect(next.to).toBeLessThanOrEqual(whole.to + 1e-6)
          expect(next.to - next.from).toBeGreaterThanOrEqual(5_000 - 1e-6)
          expect(around).toBeGreaterThanOrEqual(next.from - 1e-6)
          expect(around).toBeLessThanOrEqual(next.to + 1e-6)
          shown = next
        }
      },
    ),
  )
})

test('a range that is too short to zoom into stays whole', () => {
  const short = { from: 0, to: 4_000 }
  expect(zoomed(short, 2_000, '+', short)).toBeUndefined()
})

test('all charts hear of a change once, and not of the same value again', () => {
  const group = createChartGroup()
  const heard = vi.fn()
  const stop = group.subscribe(heard)
  group.setCursor(5)
  group.setCursor(5)
  group.setZoom({ from: 1, to: 2 })
  group.setZoom(undefined)
  group.setZoom(undefined)
  stop()
  group.setCursor(undefined)
  expect(heard.mock.calls.flat()).toEqual(['cursor', 'zoom', 'zoom'])
})
