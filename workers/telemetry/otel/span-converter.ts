import {
  type Context,
  createContextKey,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace as traceApi,
} from '@opentelemetry/api'
import { millisToHrTime } from '@opentelemetry/core'
import type { Resource } from '@opentelemetry/resources'
import {
  type IdGenerator,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { WebTracerProvider } from '@opentelemetry/sdk-trace-web'
import type { SpanRecord, TraceRecord } from '../trace-record.ts'
import { createResource } from './resource.ts'

export type SpanOfTrace = ReadableSpan

/**
 * Turns finished traces into spans of the OpenTelemetry SDK, with the ids, times and parents they were recorded with.
 * Nothing is registered globally and no context manager is used: parents are passed explicitly.
 */
export interface SpanConverter {
  /** What names this engine to a collector. */
  readonly resource: Resource
  /** The spans of a trace, its first span last; they have passed the processors. */
  convert(trace: TraceRecord): readonly ReadableSpan[]
  /** Receives the spans of exported traces from now on; undefined: none does. */
  exportTo(processor: SpanProcessor | undefined): void
}

/** The recorder has stricter ones; these hold if it fails to. */
const spanLimits = {
  attributeCountLimit: 40,
  attributeValueLengthLimit: 200,
  eventCountLimit: 20,
  linkCountLimit: 0,
  attributePerEventCountLimit: 32,
  attributePerLinkCountLimit: 0,
}

/** Marks the context of a span whose trace is exported. */
const exported = createContextKey('exported')

/** @param instance Random, new with each engine. */
export const createSpanConverter = (instance: string): SpanConverter => {
  const resource = createResource(instance)
  let next = { traceId: '', spanId: '' }
  const idGenerator: IdGenerator = { generateTraceId: () => next.traceId, generateSpanId: () => next.spanId }

  /** All spans are recorded; those of exported traces are also sampled, which makes a `BatchSpanProcessor` take them. */
  const sampler: Sampler = {
    shouldSample: (context) => ({
      decision: context.getValue(exported) === true ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.RECORD,
    }),
    toString: () => 'chosen when the trace began',
  }

  let converted: ReadableSpan[] = []
  const collector = processorOf((span) => void converted.push(span))
  let exporting: SpanProcessor | undefined
  const provider = new WebTracerProvider({
    resource,
    sampler,
    idGenerator,
    spanLimits,
    spanProcessors: [collector, processorOf((span) => exporting?.onEnd(span))],
  })
  const tracer = provider.getTracer('ggen')

  const convertSpan = (span: SpanRecord, { traceId, root, isExported, dropped }: TraceRecord): void => {
    next = { traceId, spanId: span.spanId }
    const isRoot = span === root
    const context = contextOf(traceId, span.parentId, isRoot, isExported)
    const attributes = isRoot && dropped > 0 ? { ...span.attributes, dropped_spans: dropped } : span.attributes
    const made = tracer.startSpan(span.name, { startTime: millisToHrTime(span.startedAt), attributes }, context)
    for (const { name, at, attributes: about } of span.events) made.addEvent(name, about, millisToHrTime(at))
    if (span.failure !== undefined) made.setStatus({ code: SpanStatusCode.ERROR, message: span.failure })
    made.end(millisToHrTime(span.startedAt + span.durationMs))
  }

  return {
    resource,
    convert(trace) {
      converted = []
      for (const span of trace.spans) if (span !== trace.root) convertSpan(span, trace)
      convertSpan(trace.root, trace)
      return converted
    },
    exportTo(processor) {
      exporting = processor
    },
  }
}

const contextOf = (traceId: string, parentId: string | undefined, isRoot: boolean, isExported: boolean): Context => {
  const base = ROOT_CONTEXT.setValue(exported, isExported)
  if (parentId === undefined) return base
  const traceFlags = isExported ? TraceFlags.SAMPLED : TraceFlags.NONE
  return traceApi.setSpanContext(base, { traceId, spanId: parentId, traceFlags, isRemote: isRoot })
}

const processorOf = (onEnd: (span: ReadableSpan) => void): SpanProcessor => ({
  onStart() {},
  onEnd,
  forceFlush: async () => {},
  shutdown: async () => {},
})
