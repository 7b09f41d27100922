import { expect, test } from 'vitest'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import type { LookupOutcome } from './dht-heads.ts'
import { lookupStats } from './lookup-stats.ts'

const createStats = () => {
  const { meter, reader } = createInMemoryMeter()
  const duration = meter.createHistogram('dht_lookup_duration')
  return {
    view: () => lookupStats(reader),
    add: (outcome: LookupOutcome, tookMs: number) => duration.record(tookMs, { outcome }),
  }
}

test('reports the number of lookups, their success rate and their duration', () => {
  const stats = createStats()
  expect(stats.view()).toEqual({ dht_lookups_total: 0 })
  for (let ms = 1; ms <= 100; ms += 1) stats.add(ms % 4 === 0 ? 'absent' : 'found', ms)
  expect(stats.view()).toEqual({
    dht_lookups_total: 100,
    dht_success_rate: 0.75,
    dht_lookup_duration: 50,
    dht_lookup_duration_p95: 95,
    dht_lookup_duration_p99: 99,
  })
})

test('old lookups count only in the total', () => {
  const stats = createStats()
  for (let n = 0; n < 600; n += 1) stats.add(n < 100 ? 'timeout' : 'found', n)
  expect(stats.view()).toMatchObject({ dht_lookups_total: 600, dht_success_rate: 1, dht_lookup_duration: 349 })
})
