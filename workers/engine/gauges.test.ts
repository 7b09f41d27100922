import { expect, test } from 'vitest'
import type { PoolCounts } from '../net/pool/pool-counts.ts'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { gauges } from '../telemetry/instruments.ts'
import { sanitiseLabels } from '../telemetry/otel/exported-attributes.ts'
import { type GaugeSources, observeGauges } from './gauges.ts'
import { viewMetrics } from './metrics.ts'
import { createReputationFigures } from './reputation-figures.ts'

const counts: PoolCounts = {
  direct: new Set(['a', 'b']),
  relayed: new Set(['c']),
  relays: new Set(['r', 's']),
  health: { healthy: 6, degraded: 1, unhealthy: 0 },
}

const compose = (change: Partial<GaugeSources> = {}) => {
  const { meter, reader } = createInMemoryMeter()
  const stop = observeGauges(meter, {
    figures: reader,
    network: {
      peers: { counts: () => counts } as GaugeSources['network']['peers'],
      traffic: { total: (direction, protocol) => (direction === 'in' && protocol === 'piece' ? 512 : 0) },
    },
    cacheTotals: () => ({ hot: 6, warm: 1, cold: 1, known: 0, missed: 2 }),
    memoryRates: () => undefined,
    reputation: () => ({ count: 3, best: 0.9, average: 0.5, worst: 0.1, buckets: [1, 0, 1, 0, 1], leading: [] }),
    scoreOf: () => 0.5,
    heapBytes: () => 1_000,
    storage: () => ({ used: 10, quota: 100 }),
    lag: () => 3,
    ...change,
  })
  return { meter, reader, stop }
}

test('every gauge has a value, under its name of Prometheus', () => {
  const { meter, reader } = compose()
  const lookups = meter.createHistogram('dht_lookup_duration')
  for (const outcome of ['found', 'timeout']) lookups.record(1, { outcome })
  const metrics = viewMetrics(reader)
  for (const name of Object.keys(gauges))
    expect(
      Object.keys(metrics).filter((each) => each === name || each.startsWith(`${name}{`)),
      name,
    ).not.toEqual([])
  expect(metrics).toMatchObject({
    'cache_hits_total{tier="hot"}': 6,
    'cache_hits_total{tier="catalogue"}': 0,
    cache_hits_total: 8,
    cache_misses_total: 2,
    cache_hit_rate: 0.8,
    dht_success_rate: 0.5,
    active_peers: 3,
    'connection_pool{health="healthy"}': 6,
    'connection_pool{health="unhealthy"}': 0,
    'peer_reputation{bucket="0.0-0.2"}': 1,
    'peer_reputation{bucket="0.8-1.0"}': 1,
    peer_reputation_avg: 0.5,
    'storage_bytes{kind="used"}': 10,
    'storage_bytes{kind="quota"}': 100,
    worker_heap_bytes: 1_000,
    worker_event_loop_lag: 3,
    'bytes_total{direction="in",protocol="piece"}': 512,
    bytes_total: 512,
  })
})

test('an export keeps all labels, so that no two series of a metric become one', () => {
  const { counters, gauges: collected } = compose().reader.collect()
  for (const [name, series] of [...counters, ...collected])
    for (const { attributes } of series) expect(sanitiseLabels(attributes), name).toEqual(attributes)
})

test('what the environment does not tell is missing, and nothing is left after the stop', () => {
  const { reader, stop } = compose({ heapBytes: () => undefined, storage: () => undefined, lag: () => undefined })
  const names = Object.keys(viewMetrics(reader))
  expect(names.filter((name) => /heap|storage|lag/.test(name))).toEqual([])
  stop()
  expect(Object.keys(viewMetrics(reader)).filter((name) => /active_peers|\{/.test(name))).toEqual([])
})

test('a summary of reputation is read every second for few peers, and less often for many', () => {
  let time = 0
  let peers = 100
  let reads = 0
  const read = createReputationFigures(
    {
      list: () => {
        reads += 1
        return Array.from({ length: peers }, (_, at) => ({
          peer: `p${at}`,
          ok: 1,
          failed: 0,
          faults: 0,
          rttMs: undefined,
          kbitPerS: undefined,
          lastSuccessAt: undefined,
          bannedUntil: undefined,
          score: { total: 1 - at / peers, success: 1, speed: 1, bandwidth: 1, recency: 1 },
        }))
      },
    },
    () => time,
  )
  const readFor = (seconds: number): number => {
    const before = reads
    for (let second = 0; second < seconds; second += 1) {
      time += 1_000
      read()
    }
    return reads - before
  }
  expect(readFor(60)).toBe(60)
  const { count, best, worst, average, buckets, leading } = read()
  expect([count, best, leading.length, buckets.reduce((sum, each) => sum + each, 0)]).toEqual([100, 1, 24, 100])
  expect(worst).toBeCloseTo(0.01)
  expect(average).toBeCloseTo(0.505)
  peers = 2_000
  readFor(1)
  expect(readFor(60)).toBe(6)
})
