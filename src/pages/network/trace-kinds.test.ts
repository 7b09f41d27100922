import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { objectiveLimits } from '../../../workers/contract/objective-limits.ts'
import type { TraceView } from '../../../workers/contract/telemetry-views.ts'
import {
  barScaleFor,
  barShare,
  barTicks,
  filterTraces,
  isSlow,
  joinTraces,
  kindOfTrace,
  maxTraces,
  timeToAskFrom,
} from './trace-kinds.ts'

const trace = (traceId: string, change: Partial<TraceView> = {}): TraceView => ({
  traceId,
  name: 'search',
  startedAt: 1_000,
  durationMs: 5,
  failed: false,
  spans: [],
  ...change,
})

const ids = (traces: readonly TraceView[]): string[] => traces.map(({ traceId }) => traceId)

test.each([
  ['search', 'search'],
  ['publishDraft', 'publish'],
  ['describe', 'command'],
  ['bootstrap', 'background'],
  ['constructor', 'background'],
  ['', 'background'],
])('a trace named “%s” is of the kind “%s”', (name, kind) => {
  expect(kindOfTrace(name)).toBe(kind)
})

test('an operation is slow beyond the target of its objective', () => {
  const { target } = objectiveLimits.install_p95
  expect(isSlow(trace('a', { name: 'install', durationMs: target }))).toBe(false)
  expect(isSlow(trace('a', { name: 'install', durationMs: target + 1 }))).toBe(true)
  expect(isSlow(trace('a', { durationMs: Number.NaN }))).toBe(false)
})

test('filters combine', () => {
  const all = [
    trace('a'),
    trace('b', { durationMs: 900 }),
    trace('c', { name: 'install', failed: true }),
    trace('d', { name: 'install', failed: true, durationMs: 9_000 }),
  ]
  expect(ids(filterTraces(all, { kind: 'all' }))).toEqual(['a', 'b', 'c', 'd'])
  expect(ids(filterTraces(all, { slow: true }))).toEqual(['b', 'd'])
  expect(ids(filterTraces(all, { kind: 'install' }))).toEqual(['c', 'd'])
  expect(ids(filterTraces(all, { kind: 'install', slow: true, failed: true }))).toEqual(['d'])
})

test('without a kind, background work is left out', () => {
  const all = [trace('a', { name: 'search' }), trace('b', { name: 'sync' }), trace('c', { name: 'connect' })]
  expect(ids(filterTraces(all, {}))).toEqual(['a', 'c'])
  expect(ids(filterTraces(all, { kind: 'all' }))).toEqual(['a', 'b', 'c'])
  expect(ids(filterTraces(all, { kind: 'background' }))).toEqual(['b'])
})

describe('loaded traces', () => {
  test('are put before the known ones, once each', () => {
    const known = [trace('b'), trace('a')]
    expect(ids(joinTraces(known, [trace('c'), trace('b')]))).toEqual(['c', 'b', 'a'])
    expect(joinTraces(known, [trace('a')])).toBe(known)
  })

  test('push out the oldest', () => {
    const known = Array.from({ length: maxTraces }, (_, at) => trace(String(at)))
    const joined = joinTraces(known, [trace('new')])
    expect(joined).toHaveLength(maxTraces)
    expect(joined[0]?.traceId).toBe('new')
  })

  test('are asked for with room for those that appear late, also after the clock was set back', () => {
    expect(timeToAskFrom([], 0)).toBeUndefined()
    const hour = 3_600_000
    const since = timeToAskFrom([trace('a', { startedAt: 5 * hour })], 6 * hour) ?? Number.NaN
    expect(since).toBeLessThan(5 * hour - 30_000)
    expect(since).toBeGreaterThan(5 * hour - 60_000)
    expect(timeToAskFrom([trace('a', { startedAt: 5 * hour })], hour)).toBeLessThan(hour)
    expect(timeToAskFrom([trace('a', { startedAt: Number.NaN })], hour)).toBeUndefined()
  })
})

test('a longer operation has a longer bar, within its lane', () => {
  const duration = fc.double({ min: 0, max: 1e12 })
  fc.assert(
    fc.property(duration, duration, (a, b) => {
      const [shorter, longer] = a < b ? [a, b] : [b, a]
      const scale = barScaleFor(longer)
      expect(barShare(shorter, scale)).toBeGreaterThanOrEqual(0)
      expect(barShare(shorter, scale)).toBeLessThanOrEqual(barShare(longer, scale))
      expect(barShare(longer, scale)).toBeLessThanOrEqual(1)
    }),
  )
})

test('bars are measured in whole powers of ten up to a second at least, with few labels', () => {
  expect(barScaleFor(3)).toEqual({ lowMs: 0.1, highMs: 1_000 })
  expect(barScaleFor(1_000)).toEqual(barScaleFor(3))
  expect(barScaleFor(1_001).highMs).toBe(10_000)
  expect(barTicks(barScaleFor(3))).toEqual([1, 10, 100])
  expect(barShare(10, barScaleFor(3))).toBeCloseTo(0.5)
  fc.assert(
    fc.property(fc.double(), (longest) => {
      const ticks = barTicks(barScaleFor(longest))
      expect(ticks.length).toBeGreaterThanOrEqual(2)
      expect(ticks.length).toBeLessThanOrEqual(4)
    }),
  )
})
