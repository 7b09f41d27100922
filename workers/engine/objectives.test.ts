import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { objectiveLimits } from '../contract/objective-limits.ts'
import type { ObjectiveName, ObjectiveView } from '../contract/telemetry-views.ts'
import { createExponentialHistogram } from '../telemetry/exponential-histogram.ts'
import { type HitCounts, judgeObjectives, type ObjectiveFigures } from './objectives.ts'

const histogramOf = (values: readonly number[]) => {
  const histogram = createExponentialHistogram()
  for (const value of values) histogram.record(value)
  return histogram.snapshot()
}

const none = histogramOf([])

const figures = (
  durations: Partial<ObjectiveFigures['durations']> = {},
  cache: HitCounts = { hits: 0, misses: 0 },
): ObjectiveFigures => ({
  durations: { search_p95: none, dht_lookup_p95: none, install_p95: none, ...durations },
  cache,
})

const one = (views: readonly ObjectiveView[], name: ObjectiveName): ObjectiveView => {
  const found = views.find((view) => view.name === name)
  if (found === undefined) throw new Error(`The objective ${name} is missing.`)
  return found
}

const searches = (values: readonly number[]): ObjectiveView =>
  one(judgeObjectives(figures({ search_p95: histogramOf(values) }), undefined), 'search_p95')

const cached = (hits: number, misses: number): ObjectiveView =>
  one(judgeObjectives(figures({}, { hits, misses }), undefined), 'cache_hit_rate')

const repeat = (value: number, times: number): number[] => new Array<number>(times).fill(value)

test('without a request every objective has no data and no value', () => {
  for (const view of judgeObjectives(figures(), undefined)) {
    expect(view).toMatchObject({ state: 'no data', count: 0, sinceStart: { state: 'no data', count: 0 } })
    expect(view).not.toHaveProperty('value')
    expect(view).not.toHaveProperty('burnRate')
  }
})

describe('durations', () => {
  test('are not judged before there are twenty, but shown', () => {
    expect(searches(repeat(5_000, 19))).toMatchObject({ state: 'no data', count: 19 })
    expect(searches(repeat(5_000, 19)).value).toBeCloseTo(5_000, -2)
    expect(searches(repeat(5_000, 19))).not.toHaveProperty('burnRate')
    expect(searches(repeat(5_000, 20))).toMatchObject({ state: 'breached', count: 20 })
  })

  test('one slow request in twenty is allowed, and uses all that is allowed', () => {
    const view = searches([...repeat(1, 19), 5_000])
    expect(view.state).toBe('ok')
    expect(view.burnRate).toBeCloseTo(1)
    expect(searches([...repeat(1, 18), 5_000, 5_000])).toMatchObject({ state: 'breached', burnRate: expect.closeTo(2) })
  })

  test('between target and alert value the objective is at risk', () => {
    expect(searches(repeat(125, 50))).toMatchObject({ state: 'at risk' })
    expect(searches(repeat(100, 50))).toMatchObject({ state: 'ok', value: 100 })
    expect(searches(repeat(150, 50)).state).toBe('at risk')
    expect(searches(repeat(160, 50)).state).toBe('breached')
  })

  test('state, value and burn rate agree with each other and with the exact percentile', () => {
    const durations = fc.array(fc.double({ min: 0.01, max: 1_000, noNaN: true }), { minLength: 20, maxLength: 300 })
    fc.assert(
      fc.property(durations, (values) => {
        const { target, alert } = objectiveLimits.search_p95
        const { state, value = Number.NaN, burnRate = Number.NaN, count } = searches(values)
        expect(count).toBe(values.length)
        // One slow request more than allowed: the share is beyond 5 %, but for rounding.
        expect(burnRate > 1 + 1e-9).toBe(state !== 'ok')
        if (state === 'ok') expect(value).toBeLessThanOrEqual(target)
        if (state === 'at risk') expect(value).toBeGreaterThanOrEqual(target)
        if (state === 'at risk') expect(value).toBeLessThanOrEqual(alert)
        if (state === 'breached') expect(value).toBeGreaterThanOrEqual(alert)
        const exact = [...values].sort((a, b) => a - b)[Math.ceil(0.95 * values.length) - 1] ?? 0
        expect(Math.abs(value - exact) / exact).toBeLessThan(0.023)
      }),
    )
  })

  test('those of the last hour are judged apart from those since the start', () => {
    const histogram = createExponentialHistogram()
    for (const value of repeat(5_000, 40)) histogram.record(value)
    const before = figures({ search_p95: histogram.snapshot() })
    for (const value of repeat(10, 30)) histogram.record(value)
    const view = one(judgeObjectives(figures({ search_p95: histogram.snapshot() }), before), 'search_p95')
    expect(view).toMatchObject({ state: 'ok', count: 30, sinceStart: { state: 'breached', count: 70 } })
  })
})

describe('the hit rate of the cache', () => {
  test('is not judged while most reads are the first of their kind', () => {
    expect(cached(0, 99)).toMatchObject({ state: 'no data', count: 99, value: 0 })
    expect(cached(0, 100).state).toBe('breached')
  })

  test('has the states of its limits', () => {
    expect(cached(80, 20)).toMatchObject({ state: 'ok', value: 0.8, burnRate: expect.closeTo(1) })
    expect(cached(79, 21)).toMatchObject({ state: 'at risk' })
    expect(cached(70, 30)).toMatchObject({ state: 'at risk', burnRate: expect.closeTo(1.5) })
    expect(cached(69, 31)).toMatchObject({ state: 'breached' })
  })

  test('is of the last hour', () => {
    const before = figures({}, { hits: 0, misses: 500 })
    const view = one(judgeObjectives(figures({}, { hits: 190, misses: 510 }), before), 'cache_hit_rate')
    expect(view).toMatchObject({ value: 0.95, state: 'ok', count: 200, sinceStart: { state: 'breached', count: 700 } })
  })
})
