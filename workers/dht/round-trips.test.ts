import { expect, test } from 'vitest'
import { createRoundTrips } from './round-trips.ts'

test('the typical round trip is the median: a third of slow peers does not raise it', () => {
  const roundTrips = createRoundTrips()
  for (let n = 0; n < 60; n += 1) roundTrips.record(true, n % 3 === 0 ? 900 : 50)
  expect(roundTrips.typicalMs()).toBe(50)
  expect(roundTrips.slowMs(true)).toBe(100)
})

test('follows a changed network and keeps dials separate', () => {
  const roundTrips = createRoundTrips()
  const before = roundTrips.slowMs(false)
  for (let n = 0; n < 40; n += 1) roundTrips.record(true, 40)
  for (let n = 0; n < 40; n += 1) roundTrips.record(true, 200)
  expect(roundTrips.typicalMs()).toBe(200)
  expect(roundTrips.slowMs(false)).toBe(before)
})

test('the slow threshold stays below the lost threshold, and both stay within bounds', () => {
  for (const ms of [0, 1, 300, 60_000]) {
    const roundTrips = createRoundTrips()
    for (const connected of [true, false]) {
      for (let n = 0; n < 40; n += 1) roundTrips.record(connected, ms)
      expect(roundTrips.slowMs(connected)).toBeGreaterThanOrEqual(60)
      expect(roundTrips.slowMs(connected)).toBeLessThan(roundTrips.lostMs(connected))
      expect(roundTrips.lostMs(connected)).toBeLessThan(5_000)
    }
  }
})
