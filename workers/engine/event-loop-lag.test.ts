import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchEventLoop } from './event-loop-lag.ts'

let now = 0
beforeEach(() => {
  now = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => void vi.useRealTimers())

/** The next timer fires after `ms`, although it is due after 100. */
const fireAfter = (ms: number): void => {
  now += ms
  vi.advanceTimersByTime(100)
}

test('the longest delay since the last reading is told once', () => {
  const lag = watchEventLoop(() => now)
  expect(lag.take()).toBeUndefined()
  for (const ms of [100, 350, 120]) fireAfter(ms)
  expect(lag.take()).toBe(250)
  expect(lag.take()).toBeUndefined()
  lag.stop()
  fireAfter(5_000)
  expect(lag.take()).toBeUndefined()
})

test('a hidden tab whose timers fire once a minute has no lag, nor has a clock that jumps', () => {
  const lag = watchEventLoop(() => now)
  for (let minute = 0; minute < 60; minute += 1) fireAfter(60_000)
  expect(lag.take()).toBeUndefined()
  fireAfter(-3_600_000)
  expect(lag.take()).toBe(0)
  fireAfter(3_600_000)
  expect(lag.take()).toBeUndefined()
})
