import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createOptimumMeter } from './belady-optimum.ts'

/** Belady's optimum, as it is told: of those held and the newcomer, the one that is needed last goes. */
const beladyHits = (keys: readonly string[], slots: number): number => {
  const held = new Set<string>()
  let hits = 0
  for (const [at, key] of keys.entries()) {
    if (held.has(key)) {
      hits += 1
      continue
    }
    held.add(key)
    if (held.size <= slots) continue
    const nextUse = (of: string): number => {
      const next = keys.indexOf(of, at + 1)
      return next === -1 ? Number.POSITIVE_INFINITY : next
    }
    const [last] = [...held].sort((a, b) => nextUse(b) - nextUse(a))
    if (last !== undefined) held.delete(last)
  }
  return hits
}

const lruHits = (keys: readonly string[], slots: number): boolean[] => {
  const held: string[] = []
  return keys.map((key) => {
    const at = held.indexOf(key)
    if (at !== -1) held.splice(at, 1)
    held.push(key)
    if (held.length > slots) held.shift()
    return at !== -1
  })
}

const requests = fc.array(fc.integer({ min: 0, max: 12 }).map(String), { maxLength: 120 })

test('is Belady’s optimum, and never under a live cache', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 8 }), (keys, slots) => {
      const meter = createOptimumMeter(slots, 128)
      const live = lruHits(keys, slots)
      for (const [at, key] of keys.entries()) meter.note(key, live[at] === true)
      const rates = meter.rates()
      expect(rates.requests).toBe(keys.length)
      expect(Math.round(rates.best * keys.length)).toBe(beladyHits(keys, slots))
      expect(Math.round(rates.live * keys.length)).toBe(live.filter(Boolean).length)
      expect(rates.best).toBeGreaterThanOrEqual(rates.live)
    }),
    { seed: 4, numRuns: 500 },
  )
})

/** The same by counting over plain arrays: what one window sees when older requests have left it. */
const windowedTwin = (keys: readonly string[], slots: number, window: number): number => {
  const taken: number[] = keys.map(() => 0)
  const hits: boolean[] = keys.map((key, at) => {
    const last = keys.lastIndexOf(key, at - 1)
    // At exactly one window ago its place in the ring is this one.
    if (at === 0 || last === -1 || at - last >= window) return false
    if (taken.slice(last, at).some((count) => count >= slots)) return false
    for (let moment = last; moment < at; moment += 1) taken[moment] = (taken[moment] ?? 0) + 1
    return true
  })
  return hits.slice(-window).filter(Boolean).length
}

test('forgets what is older than its window', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 6 }), fc.constantFrom(4, 16, 32), (keys, slots, window) => {
      const meter = createOptimumMeter(slots, window)
      for (const key of keys) meter.note(key, false)
      const seen = Math.min(keys.length, window)
      expect(meter.rates().requests).toBe(seen)
      expect(Math.round(meter.rates().best * seen)).toBe(windowedTwin(keys, slots, window))
    }),
    { seed: 5, numRuns: 500 },
  )
})

test('says nothing of no requests', () => {
  expect(createOptimumMeter(10, 16).rates()).toEqual({ requests: 0, live: 0, best: 0 })
})
