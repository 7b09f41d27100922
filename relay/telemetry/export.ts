import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { millisToHrTime } from '@opentelemetry/core'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'
import { settledWithin } from '../../workers/telemetry/settled-within.ts'
import type { SpanRecord, TraceRecord } from '../../workers/telemetry/trace-record.ts'
import type { CollectorAddress } from '../otlp/collector.ts'
import { type Figures, namesOf } from './figures.ts'

export interface ExportOptions {
  collector: CollectorAddress
  figures: Figures
  service: { name: string; version: string; instance: string }
  /** Interval of metrics, and the longest that a span waits (ms). */
  metricsIntervalMs?: number
  spansIntervalMs?: number
}

export interface Export {
  onTrace(trace: TraceRecord): void
  /** Sends what waits, for at most `timeoutMs`. */
  stop(): Promise<void>
}

const defaults = { metricsIntervalMs: 15_000, spansIntervalMs: 5_000 }

/** Time for the collector to answer (ms). */
const timeoutMs = 5_000

/** Spans that wait to be sent, and in one request: those beyond are dropped. */
const maxQueueSize = 2_048
const maxExportBatchSize = 512

/** Time for the last spans and metrics when the process stops (ms); a part has a second (`parts/part.ts`). */
const stopTimeoutMs = 500

/**
 * Exports the spans and figures of this process over OTLP, with the official SDK. This file is imported only when there
 * is a collector. Failures are silent: what cannot be sent is dropped.
 */
export const startExport = (options: ExportOptions): Export => {
  const { collector, figures, service } = options
  const { metricsIntervalMs, spansIntervalMs } = { ...defaults, ...options }
  const resource = resourceFromAttributes({
    [ATTR_SERVICE_NAME]: service.name,
    [ATTR_SERVICE_VERSION]: service.version,
    [ATTR_SERVICE_INSTANCE_ID]: service.instance,
  })
  const to = (signal: string) => ({
    url: `${collector.endpoint}/v1/${signal}`,
    headers: { ...collector.headers },
    timeoutMillis: timeoutMs,
    concurrencyLimit: 2,
  })

  const spans = new BatchSpanProcessor(new OTLPTraceExporter(to('traces')), {
    maxQueueSize,
    maxExportBatchSize,
    scheduledDelayMillis: spansIntervalMs,
    exportTimeoutMillis: timeoutMs,
  })
  const meters = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter(to('metrics')),
        exportIntervalMillis: metricsIntervalMs,
        exportTimeoutMillis: Math.min(timeoutMs, metricsIntervalMs),
      }),
    ],
  })
  const meter = meters.getMeter(service.name, service.version)
  for (const name of namesOf(figures)) {
    const figure = figures.table[name]
    if (figure === undefined) continue
    const { kind, unit, description } = figure
    const instrument =
      kind === 'counter'
        ? meter.createObservableCounter(name, { unit, description })
        : meter.createObservableGauge(name, { unit, description })
    instrument.addCallback((result) => {
      for (const { value, attributes } of figures.read(name)) result.observe(value, { ...attributes })
    })
  }

  return {
    onTrace(trace) {
      for (const span of trace.spans) spans.onEnd(readable(span, trace.traceId, resource, service))
    },
    stop: () => settledWithin(stopTimeoutMs, spans.shutdown(), meters.shutdown()),
  }
}

const readable = (
  { name, spanId, parentId, startedAt, durationMs, attributes, events, failure }: SpanRecord,
  traceId: string,
  resource: Resource,
  service: { name: string; version: string },
): ReadableSpan => {
  const context = { traceId, traceFlags: TraceFlags.SAMPLED }
  return {
    name,
    kind: SpanKind.SERVER,
    spanContext: () => ({ ...context, spanId }),
    ...(parentId === undefined ? {} : { parentSpanContext: { ...context, spanId: parentId } }),
    startTime: millisToHrTime(startedAt),
    endTime: millisToHrTime(startedAt + durationMs),
    duration: millisToHrTime(durationMs),
    status: failure === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: failure },
    attributes: { ...attributes },
    events: events.map((event) => ({
      name: event.name,
      time: millisToHrTime(event.at),
      attributes: { ...event.attributes },
    })),
    links: [],
    ended: true,
    resource,
    instrumentationScope: { name: service.name, version: service.version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}
