import { expect, test } from 'vitest'
import { createInMemoryMeter } from './in-memory-meter.ts'

test('10,000 distinct label values give at most 200 series of each metric, and lose no count', () => {
  const { meter, reader } = createInMemoryMeter()
  const counter = meter.createCounter('connection_errors_total')
  const histogram = meter.createHistogram('dht_lookup_duration')
  for (let n = 0; n < 10_000; n += 1) {
    counter.add(1, { kind: `kind ${n}` })
    counter.with({ kind: `other ${n}` }).add(1)
    histogram.record(n, { outcome: `outcome ${n}` })
  }
  const many = Array.from({ length: 10_000 }, (_, n) => ({ value: 1, attributes: { kind: `kind ${n}` } }))
  for (let rooms = 0; rooms < 3; rooms += 1) {
    meter.createObservableGauge('storage_bytes', () => many)
    meter.createObservableCounter('connection_errors_total', () => many)
  }
  const { counters, histograms, gauges } = reader.collect()
  for (const [name, series] of [...counters, ...histograms, ...gauges]) {
    expect(series.length, name).toBeGreaterThan(0)
    expect(series.length, name).toBeLessThanOrEqual(200)
  }
  expect(reader.count('dht_lookup_duration')).toBe(10_000)
  expect(reader.histogram('dht_lookup_duration').count).toBe(10_000)
  expect(reader.sum('connection_errors_total', { 'otel.metric.overflow': true })).toBe(20_000 - 199)
})

test('counts a histogram by its labels', () => {
  const { meter, reader } = createInMemoryMeter()
  const histogram = meter.createHistogram('dht_lookup_duration')
  for (const outcome of ['found', 'found', 'timeout']) histogram.record(5, { outcome })
  expect(['found', 'timeout', 'absent'].map((outcome) => reader.count('dht_lookup_duration', { outcome }))).toEqual([
    2, 1, 0,
  ])
  expect(reader.count('package_search_duration', {})).toBe(0)
})
