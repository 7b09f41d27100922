import { ValueType } from '@opentelemetry/api'
import { millisToHrTime } from '@opentelemetry/core'
import { emptyResource } from '@opentelemetry/resources'
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type ExponentialHistogramMetricData,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics'
import type { HistogramSnapshot } from '../exponential-histogram.ts'
import type { MeterReader } from '../in-memory-meter.ts'
import { counters, gauges, histograms, type Instrument } from '../instruments.ts'
import type { Attributes } from '../telemetry.ts'
import { sanitiseLabels } from './exported-attributes.ts'

/** Names under which some metrics are exported too. */
export const metricAliases: Readonly<Record<string, string>> = {
  package_search_duration: 'marketplace.search.latency',
  dht_lookup_duration: 'marketplace.dht.lookup.latency',
  cache_hit_rate: 'marketplace.cache.hit_rate',
  active_peers: 'marketplace.p2p.peer_count',
  package_install_duration: 'marketplace.install.latency',
}

export interface MetricProducerOptions {
  figures: Pick<MeterReader, 'collect'>
  /** Start of the engine (ms since the epoch). */
  startedAt: number
  /** Wall clock (ms since the epoch). */
  wall(): number
}

/** Gives the figures of the in-memory meter to a reader of the OpenTelemetry SDK: nothing is measured twice. */
export const createMetricProducer = ({ figures, startedAt, wall }: MetricProducerOptions): MetricProducer => ({
  async collect() {
    const span = { startTime: millisToHrTime(startedAt), endTime: millisToHrTime(Math.max(startedAt, wall())) }
    const pointOf = <T>(attributes: Attributes, value: T): DataPoint<T> => ({
      ...span,
      attributes: sanitiseLabels(attributes),
      value,
    })
    const collected = figures.collect()
    const metrics: MetricData[] = [
      ...collected.counters.map(
        ([name, series]): MetricData => ({
          descriptor: descriptorOf(
            name,
            counters[name],
            series.every(({ value }) => Number.isSafeInteger(value)),
          ),
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: series.map(({ attributes, value }) => pointOf(attributes, value)),
        }),
      ),
      ...collected.gauges.map(
        ([name, series]): MetricData => ({
          descriptor: descriptorOf(name, gauges[name], false),
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.GAUGE,
          dataPoints: series
            .filter(({ value }) => Number.isFinite(value))
            .map(({ attributes, value }) => pointOf(attributes, value)),
        }),
      ),
      ...collected.histograms.map(
        ([name, series]): ExponentialHistogramMetricData => ({
          descriptor: descriptorOf(name, histograms[name], false),
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.EXPONENTIAL_HISTOGRAM,
          dataPoints: series
            .filter(({ snapshot }) => snapshot.count > 0)
            .map(({ attributes, snapshot }) => pointOf(attributes, toHistogram(snapshot))),
        }),
      ),
    ].filter(({ dataPoints }) => dataPoints.length > 0)
    const aliases = metrics.flatMap((metric): MetricData[] => {
      const name = metricAliases[metric.descriptor.name]
      return name === undefined ? [] : [{ ...metric, descriptor: { ...metric.descriptor, name } }]
    })
    return {
      resourceMetrics: {
        resource: emptyResource(),
        // A reader sends nothing where there is no scope.
        scopeMetrics: metrics.length === 0 ? [] : [{ scope: { name: 'ggen' }, metrics: [...metrics, ...aliases] }],
      },
      errors: [],
    }
  },
})

const descriptorOf = (
  name: string,
  { unit, description }: Instrument,
  isInteger: boolean,
): MetricData['descriptor'] => ({ name, unit, description, valueType: isInteger ? ValueType.INT : ValueType.DOUBLE })

/** Bucket `offset + i` means the same in both: values in (base^(offset + i), base^(offset + i + 1)]. */
export const toHistogram = (
  snapshot: HistogramSnapshot,
): ExponentialHistogramMetricData['dataPoints'][number]['value'] => ({
  count: snapshot.count,
  sum: snapshot.sum,
  min: snapshot.min,
  max: snapshot.max,
  scale: snapshot.scale,
  zeroCount: snapshot.zeroCount,
  positive: { offset: snapshot.offset, bucketCounts: Array.from(snapshot.buckets) },
  negative: { offset: 0, bucketCounts: [] },
})
