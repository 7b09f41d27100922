import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type JudgedRow, type Standing, standingOf, timesTarget, verdictOf } from './verdict.ts'

const row = (p50: number, target: number | null, more: Partial<JudgedRow> = {}): JudgedRow => ({
  suite: 'any',
  scenario: 'work',
  p50,
  p95: p50,
  p99: p50,
  target,
  pass: null,
  ...more,
})

test('the standing is that of the percentile with the target', () => {
  expect(standingOf(row(10, 10), false)).toBe('met')
  expect(standingOf(row(12, 10), false)).toBe('close')
  expect(standingOf(row(12.01, 10), false)).toBe('exceeded')
  expect(standingOf(row(10, null), false)).toBe('none')
  expect(standingOf(row(5, 10, { p95: 13, targetAt: 'p95' }), false)).toBe('exceeded')
})

test('a minimum is missed by what is below it', () => {
  expect(standingOf(row(20, 10), true)).toBe('met')
  expect(standingOf(row(9, 10), true)).toBe('close')
  expect(standingOf(row(8, 10), true)).toBe('exceeded')
  expect(standingOf(row(0, 10), true)).toBe('exceeded')
})

test('only critical objectives are critical, from twice their target on', () => {
  const critical = { suite: 'dht', scenario: 'DHT 100: get hit' }
  expect(standingOf(row(399, 200, critical), false)).toBe('exceeded')
  expect(standingOf(row(400, 200, critical), false)).toBe('critical')
  expect(standingOf(row(400, 200), false)).toBe('exceeded')
})

test('a target of zero allows nothing more, and a figure without samples meets no target', () => {
  expect(standingOf(row(0, 0), false)).toBe('met')
  expect(standingOf(row(-1, 0), false)).toBe('met')
  expect(standingOf(row(1, 0), false)).toBe('exceeded')
  expect(standingOf(row(Number.NaN, 10), false)).toBe('exceeded')
  expect(standingOf(row(Number.NaN, 10), true)).toBe('exceeded')
})

test('the verdict is that of the worst standing', () => {
  expect(verdictOf([])).toBe('pass')
  expect(verdictOf(['none', 'met'])).toBe('pass')
  expect(verdictOf(['met', 'close'])).toBe('warning')
  expect(verdictOf(['close', 'exceeded', 'met'])).toBe('fail')
  expect(verdictOf(['critical'])).toBe('fail')
})

test('worse figures never improve the verdict', () => {
  const order: readonly Standing[] = ['met', 'close', 'exceeded', 'critical']
  const positive = fc.double({ min: 0.001, max: 1e6, noNaN: true })
  fc.assert(
    fc.property(positive, positive, fc.double({ min: 1, max: 100, noNaN: true }), (reached, target, factor) => {
      const [better, worse] = [row(reached, target), row(reached * factor, target)]
      expect(timesTarget(worse, false)).toBeGreaterThanOrEqual(timesTarget(better, false))
      expect(order.indexOf(standingOf(worse, false))).toBeGreaterThanOrEqual(order.indexOf(standingOf(better, false)))
    }),
  )
})
