import {
  CompressionAlgorithm,
  createOtlpNetworkExportDelegate,
  ExporterMetrics,
  OTLPExporterBase,
} from '@opentelemetry/otlp-exporter-base'
import {
  JsonMetricsSerializer,
  JsonTraceSerializer,
  MetricsExporterMetricsHelper,
  TraceExporterMetricsHelper,
} from '@opentelemetry/otlp-transformer'
import type { Resource } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { settledWithin } from '../settled-within.ts'
import { type CollectorState, createCollector } from './collector-transport.ts'
import type { HashPeer } from './exported-attributes.ts'
import { createMetricProducer, type MetricProducerOptions } from './metric-producer.ts'
import { createSanitisingExporter } from './sanitising-exporter.ts'

/** The export of traces and metrics as OTLP JSON over HTTP, to the page's own server. */
export interface RunningExport {
  /** Takes the spans of exported traces. */
  readonly processor: SpanProcessor
  state(): CollectorState
  /** Sends what waits, in a bounded time; resolves in any case. */
  flush(): Promise<void>
  /** Ends it; what waits is dropped. */
  stop(): void
}

export interface ExportOptions extends MetricProducerOptions {
  /** URL of the page's server. */
  origin: string
  resource: Resource
  hashPeer: HashPeer
  /** Clock (ms). */
  monotonic(): number
  timing?: Partial<ExportTiming>
}

export interface ExportTiming {
  /** Delay before spans are sent (ms), so that a batch fills. */
  readonly spansMs: number
  /** Interval of metrics (ms). */
  readonly metricsMs: number
  /** Time for one request (ms). */
  readonly requestMs: number
  /** Time for a flush (ms): with the conversion before it, the end of an engine takes a second at most. */
  readonly flushMs: number
}

const defaultTiming: ExportTiming = { spansMs: 5_000, metricsMs: 30_000, requestMs: 10_000, flushMs: 700 }

/** Spans per request, at most about half a megabyte, and those that may wait. */
const maxBatchSpans = 128
const maxWaitingSpans = 2_048

/** Requests under way to one path: a flush sends all that waits at once, anything else one after the other. */
const maxRequests = maxWaitingSpans / maxBatchSpans

export const startExport = (options: ExportOptions): RunningExport => {
  const { origin, resource, hashPeer, monotonic } = options
  const timing = { ...defaultTiming, ...options.timing }
  const collector = createCollector({ origin, monotonic, timeoutMs: timing.requestMs })

  const traces = new OTLPExporterBase<ReadableSpan[]>(
    createOtlpNetworkExportDelegate(
      delegateOptions(timing),
      JsonTraceSerializer,
      selfMetrics('otlp_http_span_exporter', TraceExporterMetricsHelper),
      collector.transportTo('/otlp/v1/traces'),
    ),
  )
  const metrics = new OTLPExporterBase<ResourceMetrics>(
    createOtlpNetworkExportDelegate(
      delegateOptions(timing),
      JsonMetricsSerializer,
      selfMetrics('otlp_http_metric_exporter', MetricsExporterMetricsHelper),
      collector.transportTo('/otlp/v1/metrics'),
    ),
  )

  const processor = new BatchSpanProcessor(createSanitisingExporter(traces, hashPeer), {
    maxExportBatchSize: maxBatchSpans,
    maxQueueSize: maxWaitingSpans,
    scheduledDelayMillis: timing.spansMs,
    exportTimeoutMillis: timing.requestMs,
  })
  const meterProvider = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: metrics,
        exportIntervalMillis: timing.metricsMs,
        exportTimeoutMillis: Math.min(timing.requestMs, timing.metricsMs),
        metricProducers: [createMetricProducer(options)],
      }),
    ],
  })

  return {
    processor,
    state: collector.state,
    flush: () => settledWithin(timing.flushMs, processor.forceFlush(), meterProvider.forceFlush()),
    stop() {
      collector.close()
      for (const ended of [processor.shutdown(), meterProvider.shutdown()]) ended.catch(() => {})
    },
  }
}

const delegateOptions = ({ requestMs }: ExportTiming) => ({
  timeoutMillis: requestMs,
  concurrencyLimit: maxRequests,
  compression: CompressionAlgorithm.NONE,
})

/** The exporters' metrics about themselves, which nobody reads. */
const selfMetrics = <Items>(
  componentType: string,
  metricsHelper: ConstructorParameters<typeof ExporterMetrics<Items>>[0]['metricsHelper'],
): ExporterMetrics<Items> =>
  new ExporterMetrics({
    componentType,
    metricsHelper,
    url: undefined,
    meterProvider: undefined,
    responseAttributesFromError: () => ({}),
  })
