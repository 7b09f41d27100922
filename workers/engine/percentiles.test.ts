import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { createTelemetryCommands } from './telemetry-commands.ts'

const compose = () => {
  const { meter, reader } = createInMemoryMeter()
  const nothing = () => Promise.reject(new Error('Percentiles come from histograms alone.'))
  const { percentiles } = createTelemetryCommands({
    figures: reader,
    tracing: { traces: nothing },
    telemetryExport: { view: nothing, set: nothing },
    measurements: nothing,
  })
  return { meter, percentiles }
}

const exact = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0

test('percentiles of each duration are within 1.1 % of the exact ones, over all measurements and outcomes', async () => {
  const durations = fc.array(
    fc.tuple(fc.double({ min: 0.01, max: 100_000, noNaN: true }), fc.constantFrom('found', 'absent', 'timeout')),
    { minLength: 1, maxLength: 3_000, size: 'max' },
  )
  await fc.assert(
    fc.asyncProperty(durations, async (given) => {
      const { meter, percentiles } = compose()
      const histogram = meter.createHistogram('dht_lookup_duration')
      for (const [ms, outcome] of given) histogram.record(ms, { outcome })
      const { dht_lookup_duration: view } = await percentiles()
      const values = given.map(([ms]) => ms)
      expect(view?.count).toBe(values.length)
      for (const [share, estimate] of [
        [0.5, view?.p50],
        [0.95, view?.p95],
        [0.99, view?.p99],
      ] as const) {
        const expected = exact(values, share)
        expect(Math.abs((estimate ?? 0) - expected) / expected).toBeLessThan(0.011)
      }
    }),
    { numRuns: 40 },
  )
})

test('every duration has percentiles, of zero before the first measurement', async () => {
  const none = { count: 0, p50: 0, p95: 0, p99: 0 }
  expect(await compose().percentiles()).toEqual({
    dht_lookup_duration: none,
    gossip_propagation_time: none,
    package_install_duration: none,
    package_search_duration: none,
  })
})
