import { createSpanRecorder } from '../telemetry/span-recorder.ts'
import type { Tracer } from '../telemetry/telemetry.ts'
import type { SpanRecord, TraceRecord } from '../telemetry/trace-record.ts'

export interface TraceRecording {
  readonly tracer: Tracer
  /** Finished traces, in order of their end. */
  readonly traces: readonly TraceRecord[]
  /** Names of all spans that were started, also in traces that have not finished. */
  readonly started: readonly string[]
}

/** The real recorder, which keeps all traces. */
export const recordTraces = (): TraceRecording => {
  const traces: TraceRecord[] = []
  const started: string[] = []
  const recorder = createSpanRecorder({
    clocks: { wall: Date.now, monotonic: () => performance.now() },
    random: Math.random,
    exportRatio: () => 0,
    onTrace: (trace) => traces.push(trace),
  })
  const tracer: Tracer = {
    startSpan(name, options) {
      started.push(name)
      return recorder.startSpan(name, options)
    },
  }
  return { tracer, traces, started }
}

/** The names of a span and its ancestors in the trace, outermost first. */
const pathOf = (span: SpanRecord, trace: TraceRecord): string => {
  const parent = trace.spans.find(({ spanId }) => spanId === span.parentId)
  return parent === undefined ? span.name : `${pathOf(parent, trace)} > ${span.name}`
}

export const pathsOf = (trace: TraceRecord): string[] => trace.spans.map((span) => pathOf(span, trace))

export const spansOf = (trace: TraceRecord, name: string): SpanRecord[] =>
  trace.spans.filter((span) => span.name === name)

/** The finished traces of a command. */
export const tracesOf = ({ traces }: TraceRecording, command: string): TraceRecord[] =>
  traces.filter(({ root }) => root.attributes['command'] === command)

/**
 * Parts that may end after the span that they belong to, because nobody waits for them: what is sent for a publication, the
 * answers of slow peers, and the DHT query of a lookup that a connected peer has answered.
 */
export const backgroundPaths: readonly RegExp[] = [
  / > announce$/,
  / > dht_put$/,
  / > peer_query$/,
  / > lookup > dht_query$/,
  / > lookup > verify_records$/,
]

/** Spans that do not lie within their parent, to 1 ms, and are no background work. */
export const strays = (trace: TraceRecord): string[] =>
  trace.spans.flatMap((span) => {
    const parent = trace.spans.find(({ spanId }) => spanId === span.parentId)
    const path = pathOf(span, trace)
    if (parent === undefined) return span === trace.root ? [] : [`${path} has no parent`]
    const early = parent.startedAt - span.startedAt
    const late = span.startedAt + span.durationMs - parent.startedAt - parent.durationMs
    if (early <= 1 && (late <= 1 || backgroundPaths.some((pattern) => pattern.test(path)))) return []
    return [`${path} begins ${early.toFixed(1)} ms before its parent, and ends ${late.toFixed(1)} ms after it`]
  })
