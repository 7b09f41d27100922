import { expect, test } from 'vitest'
import { createRoundTrips } from './round-trips.ts'

test('what is usual is the median: a third of slow peers do not make slow what is quick', () => {
  const roundTrips = createRoundTrips()
  for (let n = 0; n < 60; n += 1) roundTrips.record(true, n % 3 === 0 ? 900 : 50)
  expect(roundTrips.typicalMs()).toBe(50)
  expect(roundTrips.slowMs(true)).toBe(100)
})

test('it follows a line that has changed, and keeps dials apart', () => {
  const roundTrips = createRoundTrips()
  const before = roundTrips.slowMs(false)
  for (let n = 0; n < 40; n += 1) roundTrips.record(true, 40)
  for (let n = 0; n < 40; n += 1) roundTrips.record(true, 200)
  expect(roundTrips.typicalMs()).toBe(200)
  expect(roundTrips.slowMs(false)).toBe(before)
})

test('whatever was measured, slow comes before lost, and both within bounds', () => {
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
