import { AggregationType, DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createExponentialHistogram, histogramScale } from '../exponential-histogram.ts'
import { createInMemoryMeter, maxSeries } from '../in-memory-meter.ts'
import { createMetricProducer, metricAliases, toHistogram } from './metric-producer.ts'

class CollectingReader extends MetricReader {
  protected async onForceFlush(): Promise<void> {}
  protected async onShutdown(): Promise<void> {}
}

/** What the SDK makes of the values, with as many buckets as it needs. */
const aggregatedBySdk = async (values: readonly number[]) => {
  const reader = new CollectingReader({
    aggregationSelector: () => ({
      type: AggregationType.EXPONENTIAL_HISTOGRAM,
      options: { maxSize: 2_000, recordMinMax: true },
    }),
  })
  const provider = new MeterProvider({ readers: [reader] })
  const histogram = provider.getMeter('test').createHistogram('values')
  for (const value of values) histogram.record(value)
  const { resourceMetrics } = await reader.collect()
  const [metric] = resourceMetrics.scopeMetrics[0]?.metrics ?? []
  if (metric?.dataPointType !== DataPointType.EXPONENTIAL_HISTOGRAM) throw new Error('no exponential histogram')
  const [point] = metric.dataPoints
  if (point === undefined) throw new Error('no point')
  return point.value
}

/** Counts by bucket at a coarser scale: `shift` buckets in a row merge pairwise. */
const atScale = (
  { offset, bucketCounts }: { offset: number; bucketCounts: readonly number[] },
  shift: number,
): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const [at, count] of bucketCounts.entries()) {
    const index = Math.floor((offset + at) / 2 ** shift)
    if (count > 0) counts[index] = (counts[index] ?? 0) + count
  }
  return counts
}

test('a histogram has the buckets that the SDK makes of the same values', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.double({ min: 0.001, max: 1_000_000, noNaN: true }),
          // Bounds of buckets.
          fc
            .integer({ min: -9, max: 20 })
            .map((exponent) => 2 ** exponent),
          fc.constant(0),
        ),
        { minLength: 1, maxLength: 60 },
      ),
      async (values) => {
        const own = createExponentialHistogram()
        for (const value of values) own.record(value)
        const ours = toHistogram(own.snapshot())
        const theirs = await aggregatedBySdk(values)
        expect([ours.count, ours.zeroCount, ours.min, ours.max]).toEqual([
          theirs.count,
          theirs.zeroCount,
          theirs.min,
          theirs.max,
        ])
        expect(ours.sum).toBeCloseTo(theirs.sum ?? Number.NaN, 3)
        // Theirs is finer, or coarser where the values lie far apart; compared at the coarser scale of the two.
        const scale = Math.min(histogramScale, theirs.scale)
        expect(atScale(ours.positive, ours.scale - scale)).toEqual(atScale(theirs.positive, theirs.scale - scale))
      },
    ),
    { seed: 2, numRuns: 100 },
  )
})

const collect = async (use: (meter: ReturnType<typeof createInMemoryMeter>['meter']) => void) => {
  const { meter, reader } = createInMemoryMeter(() => 0)
  use(meter)
  const producer = createMetricProducer({ figures: reader, startedAt: 1_000, wall: () => 3_500 })
  const { resourceMetrics, errors } = await producer.collect()
  expect(errors).toEqual([])
  return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
}

test('counters are monotonic cumulative sums, gauges and histograms keep their kind', async () => {
  const metrics = await collect((meter) => {
    meter.createCounter('cache_hits_total').add(3, { tier: 'memory' })
    meter.createObservableGauge('storage_bytes', () => [{ value: 12.5, attributes: { kind: 'pieces' } }])
    meter.createHistogram('dht_lookup_duration').record(8, { outcome: 'found' })
  })
  const byName = new Map(metrics.map((metric) => [metric.descriptor.name, metric]))
  expect(byName.get('cache_hits_total')).toMatchObject({
    dataPointType: DataPointType.SUM,
    isMonotonic: true,
    descriptor: { unit: '{request}', valueType: 0 },
    dataPoints: [{ startTime: [1, 0], endTime: [3, 500_000_000], attributes: { tier: 'memory' }, value: 3 }],
  })
  expect(byName.get('storage_bytes')).toMatchObject({
    dataPointType: DataPointType.GAUGE,
    dataPoints: [{ attributes: { kind: 'pieces' }, value: 12.5 }],
  })
  expect(byName.get('dht_lookup_duration')).toMatchObject({
    dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM,
    dataPoints: [{ attributes: { outcome: 'found' }, value: { count: 1, sum: 8, scale: histogramScale } }],
  })
})

test('the names of the objectives are exported too', async () => {
  const metrics = await collect((meter) => {
    for (const name of ['package_search_duration', 'dht_lookup_duration', 'package_install_duration'] as const)
      meter.createHistogram(name).record(1)
    for (const name of ['cache_hit_rate', 'active_peers'] as const) meter.createObservableGauge(name, () => 1)
  })
  const names = metrics.map(({ descriptor }) => descriptor.name)
  expect(names).toEqual(expect.arrayContaining(Object.values(metricAliases)))
})

test('a flood of labels gives bounded series, and labels with peers or texts are not among them', async () => {
  const metrics = await collect((meter) => {
    const counter = meter.createCounter('events_total')
    for (let n = 0; n < 10_000; n += 1) counter.add(1, { kind: `kind-${n}` })
    meter.createObservableGauge('storage_bytes', () =>
      Array.from({ length: 10_000 }, (_, n) => ({ value: n, attributes: { kind: `k-${n}` } })),
    )
    meter.createObservableGauge('connection_pool', () => [
      {
        value: 1,
        attributes: { health: '12D3KooWGzBTs5MdMSHJRUZ5PfRfzJUVHHyTwXaYLGHVXjgtT4Bx', kind: 'a secret name' },
      },
    ])
  })
  for (const { dataPoints } of metrics) expect(dataPoints.length).toBeLessThanOrEqual(maxSeries)
  expect(metrics.find(({ descriptor }) => descriptor.name === 'connection_pool')?.dataPoints[0]?.attributes).toEqual({})
})

test('values that are not numbers are left out', async () => {
  const metrics = await collect((meter) => {
    meter.createObservableGauge('cache_hit_rate', () => Number.NaN)
    meter.createObservableGauge('active_peers', () => undefined)
  })
  expect(metrics).toEqual([])
})
