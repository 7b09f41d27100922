import { expect, test } from 'vitest'
import { afterLostPing, afterPong, afterRequest, healthOf, newVitals, type Vitals } from './health.ts'

const fresh = newVitals(0)
const repeat = (vitals: Vitals, times: number, change: (vitals: Vitals) => Vitals): Vitals =>
  Array.from({ length: times }).reduce<Vitals>(change, vitals)

test('one lost ping degrades, two mean dead, and an answer between them resets', () => {
  const once = afterLostPing(fresh, 1, 2)
  expect(healthOf(once)).toEqual({ state: 'degraded', reason: { code: 'pings-lost', count: 1 } })
  expect(healthOf(afterLostPing(once, 3, 4))).toEqual({ state: 'unhealthy', reason: { code: 'pings-lost', count: 2 } })
  expect(healthOf(afterLostPing(afterPong(once, 20, 3), 4, 5)).state).toBe('degraded')
  expect(healthOf(afterPong(once, 20, 3))).toEqual({ state: 'healthy' })
})

test('a ping delayed by a transfer is not lost', () => {
  const busy = afterRequest(fresh, 'answered', 10)
  expect(afterLostPing(busy, 5, 12).lostPings).toBe(0)
  expect(afterLostPing(busy, 11, 12).lostPings).toBe(1)
})

test('failed requests in a row count, and an answered one resets the count', () => {
  const fail = (vitals: Vitals): Vitals => afterRequest(vitals, 'failed', 1)
  expect([1, 2, 4, 5].map((times) => healthOf(repeat(fresh, times, fail)).state)).toEqual([
    ...['healthy', 'degraded', 'degraded', 'unhealthy'],
  ])
  expect(healthOf(repeat(fresh, 5, fail)).reason).toEqual({ code: 'requests-failed', count: 5 })
  expect(healthOf(afterRequest(repeat(fresh, 4, fail), 'answered', 2)).state).toBe('healthy')
})

test('slow round trips degrade, smoothed over the last ones', () => {
  const slow = afterPong(fresh, 1_400, 1)
  expect(healthOf(slow)).toEqual({ state: 'degraded', reason: { code: 'slow-round-trip', ms: 1_400 } })
  expect(healthOf(repeat(slow, 3, (vitals) => afterPong(vitals, 20, 2))).state).toBe('healthy')
  expect(healthOf(afterPong(afterPong(fresh, 20, 1), 1_400, 2)).state).toBe('healthy')
})
