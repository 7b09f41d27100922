import { noSpan } from './no-telemetry.ts'
import type { Attributes, Span, SpanContext, SpanOptions, Tracer } from './telemetry.ts'

/** A finished span, as plain data. */
export interface SpanRecord {
  readonly name: string
  readonly spanId: string
  /** Of a span of the same trace or, for the first span, of another process. */
  readonly parentId: string | undefined
  /** Ms since the epoch, with fractions. */
  readonly startedAt: number
  readonly durationMs: number
  readonly attributes: Attributes
  readonly events: readonly SpanEvent[]
  /** Name of the failure; undefined for a span that did not fail. */
  readonly failure: string | undefined
}

export interface SpanEvent {
  readonly name: string
  readonly at: number
  readonly attributes: Attributes
}

/** A finished trace: its first span and all spans in it that ended. */
export interface TraceRecord {
  readonly traceId: string
  readonly root: SpanRecord
  /** In order of their end; includes the root. */
  readonly spans: readonly SpanRecord[]
  /** Spans beyond the limit, which were not recorded. */
  readonly dropped: number
  /** To be exported: chosen by ratio when it began, so that peers know. */
  readonly isExported: boolean
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
  /** Called once for each trace, after its root and all its spans have ended. Must not throw. */
  onTrace(trace: TraceRecord): void
}

/** Spans per trace; further ones are counted. */
const maxSpans = 500

/** Traces in progress; beyond it new ones are not recorded. */
const maxOpenTraces = 500

const maxAttributes = 32
const maxEvents = 20
const maxTextCharacters = 200

/** Time after the root's end when a trace counts as finished although spans are open (ms). */
const patienceMs = 30_000

/**
 * Records spans as plain data, in about a microsecond each: the OpenTelemetry SDK gets them later, off the path of the
 * operation. Ids are made when a span ends or its context is sent, because most spans need none before.
 */
export const createSpanRecorder = (options: SpanRecorderOptions): Tracer => {
  const { clocks, random, exportRatio, onTrace } = options
  const traceBySpan = new WeakMap<Span, { trace: OpenTrace; spanId(): string }>()
  let openTraces = 0

  const finish = (trace: OpenTrace): void => {
    if (trace.isFinished || trace.root === undefined) return
    trace.isFinished = true
    openTraces -= 1
    clearTimeout(trace.timer)
    const { root, spans, dropped, isExported } = trace
    onTrace({ traceId: idOf(trace), root, spans, dropped, isExported })
  }

  const idOf = (trace: OpenTrace): string => {
    trace.id ??= hexId(random, 4)
    return trace.id
  }

  /** A person who exports nothing takes no id from a peer, and one who does follows the peer's choice of traces. */
  const joinRemote = (trace: OpenTrace, context: SpanContext | undefined): void => {
    if (context === undefined || trace.id !== undefined || exportRatio() <= 0) return
    trace.id = context.traceId
    trace.remoteParent = context.spanId
    trace.isExported = true
  }

  const beginTrace = (context: SpanContext | undefined): OpenTrace | undefined => {
    if (openTraces >= maxOpenTraces) return undefined
    openTraces += 1
    const ratio = exportRatio()
    return {
      id: context?.traceId,
      startedAt: clocks.wall(),
      started: clocks.monotonic(),
      remoteParent: undefined,
      isExported: ratio > 0 && random() < ratio,
      spans: [],
      open: 0,
      dropped: 0,
      root: undefined,
      timer: undefined,
      isFinished: false,
    }
  }

  const startSpan = (name: string, given: SpanOptions = {}): Span => {
    const parent = given.parent === undefined ? undefined : traceBySpan.get(given.parent)
    // A child of a span that was not recorded is not recorded either.
    if (given.parent !== undefined && parent === undefined) return noSpan
    const trace = parent?.trace ?? beginTrace(given.context)
    if (trace === undefined || trace.isFinished) return noSpan
    if (trace.spans.length + trace.open >= maxSpans) {
      trace.dropped += 1
      return noSpan
    }
    trace.open += 1
    const started = clocks.monotonic()
    // One reading of the wall clock a trace: a clock that is set must not move spans against each other.
    const startedAt = trace.startedAt + started - trace.started
    const isRoot = parent === undefined
    if (isRoot) joinRemote(trace, given.remoteParent)
    const spanId = once(() => (isRoot ? given.context?.spanId : undefined) ?? hexId(random, 2))
    let attributes: Record<string, string | number | boolean> = { ...given.attributes }
    const events: SpanEvent[] = []
    let failure: string | undefined
    let ended = false

    const span: Span = {
      setAttributes(more) {
        if (!ended) attributes = { ...attributes, ...more }
      },
      addEvent(event, about = {}) {
        if (!ended && events.length < maxEvents)
          events.push({ name: event, at: startedAt + clocks.monotonic() - started, attributes: bounded(about) })
      },
      setRemoteParent(context) {
        if (isRoot && !ended) joinRemote(trace, context)
      },
      recordException(error) {
        if (!ended) failure = nameOf(error)
      },
      end() {
        if (ended) return
        ended = true
        trace.open -= 1
        const record: SpanRecord = {
          name,
          spanId: spanId(),
          parentId: parent === undefined ? trace.remoteParent : parent.spanId(),
          startedAt,
          durationMs: Math.max(0, clocks.monotonic() - started),
          attributes: bounded(attributes),
          events,
          failure,
        }
        if (trace.isFinished) return
        trace.spans.push(record)
        if (isRoot) {
          trace.root = record
          if (trace.open > 0) trace.timer = setTimeout(() => finish(trace), patienceMs)
        }
        if (trace.open === 0) finish(trace)
      },
      exportedContext: (): SpanContext | undefined =>
        trace.isExported && exportRatio() > 0 ? { traceId: idOf(trace), spanId: spanId() } : undefined,
    }
    traceBySpan.set(span, { trace, spanId })
    return span
  }

  return { startSpan }
}

interface OpenTrace {
  /** Its start: wall clock, with which all its times begin, and monotonic. */
  readonly startedAt: number
  readonly started: number
  /** Chosen when it is first needed. */
  id: string | undefined
  /** The span at another peer that the first span continues. */
  remoteParent: string | undefined
  isExported: boolean
  readonly spans: SpanRecord[]
  /** Spans that have started and not ended. */
  open: number
  dropped: number
  root: SpanRecord | undefined
  timer: ReturnType<typeof setTimeout> | undefined
  isFinished: boolean
}

const once = (create: () => string): (() => string) => {
  let value: string | undefined
  return () => {
    value ??= create()
    return value
  }
}

/** @param words Of 32 bits, 8 digits each; never all zero, which the specification forbids. */
const hexId = (random: () => number, words: number): string => {
  let id = ''
  for (let n = 0; n < words; n += 1)
    id += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  return /[1-9a-f]/.test(id) ? id : `${id.slice(0, -1)}1`
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error').slice(0, maxTextCharacters)

const bounded = (attributes: Attributes): Attributes => {
  const entries = Object.entries(attributes)
  const isLong = entries.some(([, value]) => typeof value === 'string' && value.length > maxTextCharacters)
  if (entries.length <= maxAttributes && !isLong) return attributes
  return Object.fromEntries(
    entries
      .slice(0, maxAttributes)
      .map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, maxTextCharacters) : value]),
  )
}
