import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createWake } from './wake.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('many events within a second cause one run, and one more after it', () => {
  const routine = vi.fn()
  const { wake, stop } = createWake(routine, Date.now)
  wake('resume')
  wake('visible')
  wake('online')
  expect(routine).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1_000)
  expect(routine).toHaveBeenCalledTimes(2)
  vi.advanceTimersByTime(60_000)
  expect(routine).toHaveBeenCalledTimes(2)
  wake('visible')
  expect(routine).toHaveBeenCalledTimes(3)
  stop()
})

test('a sleep without an event shows in the clock; a busy moment does not', () => {
  const routine = vi.fn()
  const { stop } = createWake(routine, Date.now)
  vi.advanceTimersByTime(20_000)
  vi.setSystemTime(Date.now() + 5_000)
  vi.advanceTimersByTime(2_000)
  expect(routine).not.toHaveBeenCalled()
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(2_000)
  expect(routine).toHaveBeenCalledTimes(1)
  stop()
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(10_000)
  expect(routine).toHaveBeenCalledTimes(1)
})
