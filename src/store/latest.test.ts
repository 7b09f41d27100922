import { expect, test, vi } from 'vitest'
import { createLatest, createThrottle } from './latest.ts'

test('one at a time, and of those that wait only the newest', async () => {
  const begun: string[] = []
  const ends: (() => void)[] = []
  const ask = createLatest<string>((text) => {
    begun.push(text)
    return new Promise((resolve) => ends.push(resolve))
  })
  ask('h')
  ask('he')
  ask('hel')
  expect(begun).toEqual(['h'])
  ends[0]?.()
  await vi.waitFor(() => expect(begun).toEqual(['h', 'hel']))
  ends[1]?.()
  ask('hell')
  await vi.waitFor(() => expect(begun).toEqual(['h', 'hel', 'hell']))
})

test('a throttle runs at once and once more after the last call', () => {
  vi.useFakeTimers()
  try {
    let runs = 0
    const call = createThrottle(() => {
      runs += 1
    }, 100)
    call()
    call()
    call()
    expect(runs).toBe(1)
    vi.advanceTimersByTime(100)
    expect(runs).toBe(2)
    vi.advanceTimersByTime(1000)
    expect(runs).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})
