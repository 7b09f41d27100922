import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beladyHits } from './belady-optimum.ts'
import { createHitRateSample } from './hit-rate-sample.ts'

const requests = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }).map(String), fc.boolean()), { maxLength: 120 })

const count = (hits: Iterable<number | boolean>): number => [...hits].filter(Boolean).length

test('reports the rates of the last window, with the one before it as warm-up for the capacity', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 6 }), fc.constantFrom(4, 16, 100), (trace, capacity, window) => {
      const sample = createHitRateSample(capacity, window)
      for (const [at, [key, hit]] of trace.entries()) {
        sample.record(key, hit)
        // Reading the rates midway has no effect.
        if (at % 7 === 0) sample.rates()
      }
      const { requests, live, best } = sample.rates()
      expect(requests).toBe(Math.min(trace.length, window))
      const ring = trace.slice(-2 * window).map(([key]) => key)
      expect(Math.round(best * requests)).toBe(count(beladyHits(ring, capacity).subarray(-requests || ring.length)))
      expect(Math.round(live * requests)).toBe(count(trace.slice(-requests || trace.length).map(([, hit]) => hit)))
    }),
    { seed: 5, numRuns: 500 },
  )
})

test('the optimum is at least the hit rate of a live cache of the same size', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 8 }), (trace, capacity) => {
      const sample = createHitRateSample(capacity, 128)
      const held: string[] = []
      for (const [key] of trace) {
        const at = held.indexOf(key)
        if (at !== -1) held.splice(at, 1)
        held.push(key)
        if (held.length > capacity) held.shift()
        sample.record(key, at !== -1)
      }
      const { live, best } = sample.rates()
      expect(best).toBeGreaterThanOrEqual(live)
    }),
    { seed: 4, numRuns: 500 },
  )
})

test('reports zero rates without requests', () => {
  expect(createHitRateSample(10, 16).rates()).toEqual({ requests: 0, live: 0, best: 0 })
})
