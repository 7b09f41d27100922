import type { TracesOptions, TraceView } from '../contract/telemetry-views.ts'
import type { SpanRecord, TraceRecord } from '../telemetry/span-recorder.ts'

/** Traces as the page shows them: newest first, at most `limit`. */
export const toTraceViews = (
  traces: readonly TraceRecord[],
  limit = traces.length,
  { id, since = Number.NEGATIVE_INFINITY }: TracesOptions = {},
): TraceView[] =>
  traces
    .filter(({ traceId, root }) => (id === undefined || traceId === id) && root.startedAt + root.durationMs > since)
    .reverse()
    .slice(0, Math.max(0, limit))
    .map(toTraceView)

const toTraceView = ({ traceId, root, spans }: TraceRecord): TraceView => ({
  traceId,
  name: nameOf(root),
  startedAt: root.startedAt,
  durationMs: root.durationMs,
  failed: root.failure !== undefined,
  spans: [...spans].sort((a, b) => a.startedAt - b.startedAt).map((span) => toSpanView(span, root)),
})

/** A command's trace is named after the command. */
const nameOf = ({ name, attributes }: SpanRecord): string =>
  name === 'command' && typeof attributes['command'] === 'string' ? attributes['command'] : name

const toSpanView = (span: SpanRecord, root: SpanRecord): TraceView['spans'][number] => ({
  spanId: span.spanId,
  ...(span === root || span.parentId === undefined ? {} : { parentId: span.parentId }),
  name: span.name,
  startMs: span.startedAt - root.startedAt,
  durationMs: span.durationMs,
  attributes: { ...span.attributes, ...(span.failure === undefined ? {} : { failure: span.failure }) },
  failed: span.failure !== undefined,
})
