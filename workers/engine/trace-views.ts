import type { HrTime } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { SpanView, TracesOptions, TraceView } from '../contract/telemetry-views.ts'
import { nameOfTrace } from '../telemetry/trace-name.ts'

/** Of kept traces, oldest first, those that were asked for: newest first, at most `limit`. */
export const selectTraces = (
  traces: readonly TraceView[],
  limit = traces.length,
  { id, since = Number.NEGATIVE_INFINITY }: TracesOptions = {},
): TraceView[] =>
  traces
    .filter(
      ({ traceId, startedAt, durationMs }) => (id === undefined || traceId === id) && startedAt + durationMs > since,
    )
    .reverse()
    .slice(0, Math.max(0, limit))

/** A trace as the page shows it, from the spans of the OpenTelemetry SDK; undefined without a first span. */
export const toTraceView = (spans: readonly ReadableSpan[]): TraceView | undefined => {
  const root = spans.find(isFirst)
  if (root === undefined) return undefined
  const attributes = toAttributes(root)
  return {
    traceId: root.spanContext().traceId,
    name: nameOfTrace({ name: root.name, attributes }),
    startedAt: toMs(root.startTime),
    durationMs: toMs(root.duration),
    failed: isFailed(root),
    spans: inOrder(spans.map((span) => toSpanView(span, root))),
  }
}

/** By start; of those that began in one step of the clock, which has up to 0.1 ms, a span before its parts. */
const inOrder = (spans: SpanView[]): SpanView[] => {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const parentOf = ({ parentId }: SpanView): SpanView | undefined =>
    parentId === undefined ? undefined : byId.get(parentId)
  const depthOf = (span: SpanView): number => {
    let depth = 0
    for (let above = parentOf(span); above !== undefined && depth < spans.length; above = parentOf(above)) depth += 1
    return depth
  }
  const depths = new Map(spans.map((span) => [span, depthOf(span)]))
  return spans.sort((a, b) => a.startMs - b.startMs || (depths.get(a) ?? 0) - (depths.get(b) ?? 0))
}

/** The parent of a first span, if it has one, is at another peer. */
const isFirst = ({ parentSpanContext }: ReadableSpan): boolean =>
  parentSpanContext === undefined || parentSpanContext.isRemote === true

const toSpanView = (span: ReadableSpan, root: ReadableSpan): SpanView => {
  const parent = isFirst(span) ? undefined : span.parentSpanContext?.spanId
  return {
    spanId: span.spanContext().spanId,
    ...(parent === undefined ? {} : { parentId: parent }),
    name: span.name,
    startMs: toMs([span.startTime[0] - root.startTime[0], span.startTime[1] - root.startTime[1]]),
    durationMs: toMs(span.duration),
    attributes: toAttributes(span),
    failed: isFailed(span),
  }
}

/** The code of an error status (`SpanStatusCode.ERROR`), named here so that the SDK is not loaded with the engine. */
const errorCode = 2

const isFailed = ({ status }: ReadableSpan): boolean => status.code === errorCode

/** The recorder has no attributes of other types. */
const toAttributes = ({ attributes, status }: ReadableSpan): SpanView['attributes'] => ({
  ...(attributes as SpanView['attributes']),
  ...(status.message === undefined ? {} : { failure: status.message }),
})

const toMs = ([seconds, nanoseconds]: HrTime): number => seconds * 1e3 + nanoseconds / 1e6
