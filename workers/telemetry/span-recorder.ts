import { noSpan } from './no-telemetry.ts'
import type { Attributes, Span, SpanContext, SpanOptions, Tracer } from './telemetry.ts'
import { nameOfTrace } from './trace-name.ts'
import {
  bounded,
  cut,
  type OpenSpan,
  type OpenTrace,
  spanIdOf,
  type TraceRecord,
  toTraceRecord,
  traceIdOf,
} from './trace-record.ts'

/** What decides whether an ended trace is kept. */
export interface EndedTrace {
  /** Of its first span; of a command the command. */
  readonly name: string
  readonly durationMs: number
  readonly isExported: boolean
  /** One of its spans has failed. */
  readonly hasFailed: boolean
  readonly spanCount: number
}

export interface SpanRecorderOptions {
  clocks: {
    /** Ms since the epoch. */
    wall(): number
    monotonic(): number
  }
  /** In [0, 1), for ids. */
  random(): number
  /** Share of traces to export, 0 to 1; read when a trace begins. */
  exportRatio(): number
  /**
   * Asked once for each trace that has ended, before its records are made, because they cost more than the recording.
   * Without it all traces are kept.
   */
  keeps?: ((trace: EndedTrace) => boolean) | undefined
  /** Called with each kept trace, after its root and all its spans have ended. What it throws is dropped. */
  onTrace(trace: TraceRecord): void
}

/** Spans per trace; further ones are counted. */
const maxSpans = 500

/** Traces in progress. Beyond it one is given up. */
const maxOpenTraces = 500

const maxEvents = 20

/** Time after the root's end when a trace counts as finished although spans are open (ms). */
const patienceMs = 30_000

/** A span with what its parts need of it. */
interface RecordedSpan extends Span {
  readonly recorded: { readonly span: OpenSpan; readonly trace: OpenTrace }
}

/**
 * Records spans as plain data, in less than a microsecond each: the OpenTelemetry SDK gets them later, off the path of the
 * operation. Ids and records are made when a trace is kept, and ids when a context is sent: most traces need neither.
 *
 * Guarantees: nothing throws into an operation; spans, traces, attributes and texts are bounded. A child that starts
 * after its trace has finished is not recorded, nor is one of a span that was not recorded. Attributes are read when the
 * trace has ended: callers must not change them.
 */
export const createSpanRecorder = (options: SpanRecorderOptions): Tracer => {
  const { clocks, random, exportRatio, keeps = () => true, onTrace } = options
  /** Oldest first. */
  const openTraces = new Set<OpenTrace>()

  const close = (trace: OpenTrace): void => {
    trace.isFinished = true
    openTraces.delete(trace)
    if (trace.timer !== undefined) clearTimeout(trace.timer)
  }

  const finish = (trace: OpenTrace): void => {
    if (trace.isFinished || !trace.root.isEnded) return
    close(trace)
    silently(() => {
      if (keeps(toEndedTrace(trace))) onTrace(toTraceRecord(trace, random))
    })
  }

  /** Reports the trace as far as it is known; one whose root has not ended has no time or outcome. */
  const giveUp = (trace: OpenTrace): void => {
    if (trace.root.isEnded) finish(trace)
    else close(trace)
  }

  const currentRatio = (): number => silently(exportRatio) ?? 0

  /** A person who exports nothing takes no id from a peer, and one who does follows the peer's choice of traces. */
  const joinRemote = (trace: OpenTrace, context: SpanContext | undefined): void => {
    if (context === undefined || trace.id !== undefined || currentRatio() <= 0) return
    trace.id = context.traceId
    trace.remoteParent = context.spanId
    trace.isExported = true
  }

  const startTrace = (name: string, { context, remoteParent, attributes }: SpanOptions): Span => {
    const surplus = openTraces.size >= maxOpenTraces ? chooseSurplus(openTraces) : undefined
    if (surplus !== undefined) giveUp(surplus)
    const ratio = currentRatio()
    const root = openSpan(name, undefined, clocks.monotonic(), attributes)
    root.id = context?.spanId
    const trace: OpenTrace = {
      id: context?.traceId,
      remoteParent: undefined,
      isExported: ratio > 0 && random() < ratio,
      wallOffset: clocks.wall() - root.startedAt,
      root,
      ended: [],
      open: 1,
      dropped: 0,
      timer: undefined,
      isFinished: false,
    }
    openTraces.add(trace)
    joinRemote(trace, remoteParent)
    return toSpan(root, trace)
  }

  const startPart = (name: string, parent: Span, attributes: Attributes | undefined): Span => {
    const of = (parent as Partial<RecordedSpan>).recorded
    if (of === undefined || of.trace.isFinished) return noSpan
    const { trace } = of
    if (trace.ended.length + trace.open >= maxSpans) {
      trace.dropped += 1
      return noSpan
    }
    trace.open += 1
    return toSpan(openSpan(name, of.span, clocks.monotonic(), attributes), trace)
  }

  const toSpan = (span: OpenSpan, trace: OpenTrace): RecordedSpan => ({
    recorded: { span, trace },
    setAttributes(more) {
      if (!span.isEnded) span.attributes = bounded(span.attributes, more)
    },
    addEvent(name, attributes = {}) {
      if (span.isEnded || (span.events?.length ?? 0) >= maxEvents) return
      span.events ??= []
      span.events.push({ name: cut(name), at: trace.wallOffset + clocks.monotonic(), attributes: bounded(attributes) })
    },
    setRemoteParent(context) {
      if (span === trace.root && !span.isEnded) joinRemote(trace, context)
    },
    recordException(error) {
      if (!span.isEnded) span.failure = nameOf(error)
    },
    end() {
      if (span.isEnded) return
      span.isEnded = true
      span.durationMs = Math.max(0, clocks.monotonic() - span.startedAt)
      trace.open -= 1
      if (trace.isFinished) return
      trace.ended.push(span)
      if (trace.open === 0) finish(trace)
      else if (span === trace.root) trace.timer = waitWithoutHoldingTheProcess(() => finish(trace))
    },
    exportedContext: () =>
      trace.isExported && currentRatio() > 0
        ? { traceId: traceIdOf(trace, random), spanId: spanIdOf(span, random) }
        : undefined,
  })

  return {
    startSpan: (name, given = {}) =>
      given.parent === undefined ? startTrace(name, given) : startPart(name, given.parent, given.attributes),
  }
}

/**
 * The oldest that only waits for background work, since it is reported anyway; otherwise the oldest of the most frequent
 * name. Its root has been forgotten, or peers open requests that they do not end, which must not cost a person the trace
 * of an install.
 */
const chooseSurplus = (oldestFirst: ReadonlySet<OpenTrace>): OpenTrace | undefined => {
  const byName = new Map<string, { first: OpenTrace; count: number }>()
  let most: { first: OpenTrace; count: number } | undefined
  for (const trace of oldestFirst) {
    if (trace.root.isEnded) return trace
    const name = nameOfTrace(trace.root)
    const same = byName.get(name) ?? { first: trace, count: 0 }
    byName.set(name, same)
    same.count += 1
    if (most === undefined || same.count > most.count) most = same
  }
  return most?.first
}

const openSpan = (
  name: string,
  parent: OpenSpan | undefined,
  startedAt: number,
  attributes: Attributes = noAttributes,
): OpenSpan => ({
  name,
  parent,
  startedAt,
  durationMs: 0,
  isEnded: false,
  id: undefined,
  attributes,
  events: undefined,
  failure: undefined,
})

const noAttributes: Attributes = {}

const toEndedTrace = ({ root, ended, isExported }: OpenTrace): EndedTrace => ({
  name: nameOfTrace(root),
  durationMs: root.durationMs,
  isExported,
  hasFailed: ended.some(({ failure }) => failure !== undefined),
  spanCount: ended.length,
})

/** A Node process, such as a relay that stops, does not wait for the timer. */
const waitWithoutHoldingTheProcess = (work: () => void): ReturnType<typeof setTimeout> => {
  const timer = setTimeout(work, patienceMs)
  if (typeof timer === 'object') timer.unref?.()
  return timer
}

const silently = <T>(work: () => T): T | undefined => {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** Anything can be thrown, also objects whose properties throw. */
const nameOf = (error: unknown): string =>
  silently(() => (error instanceof Error && typeof error.name === 'string' ? cut(error.name) : undefined)) ?? 'Error'
