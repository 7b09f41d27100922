import { expect, test, vi } from 'vitest'
import { createLatest, createThrottle } from './latest.ts'

test('runs one request at a time, and only the newest of those waiting', async () => {
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

test('a throttle runs immediately and once more after the last call', () => {
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
