import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beladyHits } from './belady-optimum.ts'
import { createHitRateSample } from './hit-rate-sample.ts'

const requests = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }).map(String), fc.boolean()), { maxLength: 120 })

const count = (hits: Iterable<number | boolean>): number => [...hits].filter(Boolean).length

test('tells the rates of the last window, with the one before it to fill the slots', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 6 }), fc.constantFrom(4, 16, 100), (asked, slots, window) => {
      const sample = createHitRateSample(slots, window)
      for (const [at, [key, hit]] of asked.entries()) {
        sample.note(key, hit)
        // Asking on the way changes nothing.
        if (at % 7 === 0) sample.rates()
      }
      const { requests, live, best } = sample.rates()
      expect(requests).toBe(Math.min(asked.length, window))
      const ring = asked.slice(-2 * window).map(([key]) => key)
      expect(Math.round(best * requests)).toBe(count(beladyHits(ring, slots).subarray(-requests || ring.length)))
      expect(Math.round(live * requests)).toBe(count(asked.slice(-requests || asked.length).map(([, hit]) => hit)))
    }),
    { seed: 5, numRuns: 500 },
  )
})

test('the optimum is never under a live cache of its size', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 8 }), (asked, slots) => {
      const sample = createHitRateSample(slots, 128)
      const held: string[] = []
      for (const [key] of asked) {
        const at = held.indexOf(key)
        if (at !== -1) held.splice(at, 1)
        held.push(key)
        if (held.length > slots) held.shift()
        sample.note(key, at !== -1)
      }
      const { live, best } = sample.rates()
      expect(best).toBeGreaterThanOrEqual(live)
    }),
    { seed: 4, numRuns: 500 },
  )
})

test('says nothing of no requests', () => {
  expect(createHitRateSample(10, 16).rates()).toEqual({ requests: 0, live: 0, best: 0 })
})
