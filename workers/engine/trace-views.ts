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
    spans: inOrder(
      spans.map((span) => toSpanView(span, root)),
      root.spanContext().spanId,
    ),
  }
}

/**
 * The first span leads, the others follow by their start; of equal starts, a parent before its children. Clocks tick in
 * steps longer than a short operation, so a parent and its child often start at the same time.
 */
const inOrder = (spans: readonly SpanView[], rootId: string): SpanView[] => {
  const parents = new Map(spans.map(({ spanId, parentId }) => [spanId, parentId]))
  return spans
    .map((span) => ({ span, isRoot: Number(span.spanId === rootId), depth: depthOf(span.spanId, parents) }))
    .sort((a, b) => b.isRoot - a.isRoot || a.span.startMs - b.span.startMs || a.depth - b.depth)
    .map(({ span }) => span)
}

/** Number of parents above a span, at most as many as there are spans. */
const depthOf = (spanId: string, parents: ReadonlyMap<string, string | undefined>): number => {
  let depth = 0
  for (let parent = parents.get(spanId); parent !== undefined && depth < parents.size; depth += 1)
    parent = parents.get(parent)
  return depth
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
