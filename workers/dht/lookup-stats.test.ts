import { expect, test } from 'vitest'
import type { LookupReport } from './heads.ts'
import { createLookupStats } from './lookup-stats.ts'

const report = (outcome: LookupReport['outcome'], tookMs: number): LookupReport => ({
  outcome,
  tookMs,
  hops: 1,
  asked: 1,
  dialled: 0,
})

test('tells how many, how often something was found, and how long it took', () => {
  const stats = createLookupStats()
  expect(stats.view()).toEqual({ dht_lookups_total: 0 })
  for (let ms = 1; ms <= 100; ms += 1) stats.add(report(ms % 4 === 0 ? 'absent' : 'found', ms))
  expect(stats.view()).toEqual({
    dht_lookups_total: 100,
    dht_success_rate: 0.75,
    dht_lookup_duration: 50,
    dht_lookup_duration_p95: 95,
    dht_lookup_duration_p99: 99,
  })
})

test('a cancelled one does not count, and old ones are forgotten but for the total', () => {
  const stats = createLookupStats()
  stats.add(report('cancelled', 9))
  for (let n = 0; n < 600; n += 1) stats.add(report(n < 100 ? 'timeout' : 'found', n))
  expect(stats.view()).toMatchObject({ dht_lookups_total: 600, dht_success_rate: 1, dht_lookup_duration: 349 })
})
