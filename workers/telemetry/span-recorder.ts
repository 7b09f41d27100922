import { noSpan } from './no-telemetry.ts'
import type { Attributes, AttributeValue, Span, SpanContext, SpanOptions, Tracer } from './telemetry.ts'

/** A finished span, as plain data. */
export interface SpanRecord {
  readonly name: string
  readonly spanId: string
  /** Of a span of the same trace or, for the first span, of another process. */
  readonly parentId: string | undefined
  /**
   * Ms since the epoch, with fractions: the wall clock at the start of the trace plus monotonic time, so that a clock that
   * is set meanwhile moves no span of a trace relative to another.
   */
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
  /** Called once for each trace, after its root and all its spans have ended. What it throws is dropped. */
  onTrace(trace: TraceRecord): void
}

/** Spans per trace; further ones are counted. */
const maxSpans = 500

/** Traces in progress. Beyond it the oldest is given up, since its root has probably been forgotten. */
const maxOpenTraces = 500

const maxAttributes = 32
const maxEvents = 20
const maxTextCharacters = 200

/** Time after the root's end when a trace counts as finished although spans are open (ms). */
const patienceMs = 30_000

/**
 * Records spans as plain data, in about a microsecond each: the OpenTelemetry SDK gets them later, off the path of the
 * operation. Ids are made when a span ends or its context is sent, because most spans need none before.
 *
 * Guarantees: nothing throws into an operation; spans, traces, attributes and texts are bounded. A child that starts
 * after its trace has finished is not recorded, nor is one of a span that was not recorded.
 */
export const createSpanRecorder = (options: SpanRecorderOptions): Tracer => {
  const { clocks, random, exportRatio, onTrace } = options
  const traceBySpan = new WeakMap<Span, { trace: OpenTrace; spanId(): string }>()
  /** Oldest first. */
  const openTraces = new Set<OpenTrace>()

  const close = (trace: OpenTrace): void => {
    trace.isFinished = true
    openTraces.delete(trace)
    clearTimeout(trace.timer)
  }

  const finish = (trace: OpenTrace): void => {
    if (trace.isFinished || trace.root === undefined) return
    close(trace)
    const { root, spans, dropped, isExported } = trace
    silently(() => onTrace({ traceId: idOf(trace), root, spans, dropped, isExported }))
  }

  /** Reports the trace as far as it is known; one whose root has not ended has no name, time or outcome. */
  const giveUp = (trace: OpenTrace | undefined): void => {
    if (trace?.root !== undefined) finish(trace)
    else if (trace !== undefined) close(trace)
  }

  const idOf = (trace: OpenTrace): string => {
    trace.id ??= hexId(random, 4)
    return trace.id
  }

  const currentRatio = (): number => silently(exportRatio) ?? 0

  /** A person who exports nothing takes no id from a peer, and one who does follows the peer's choice of traces. */
  const joinRemote = (trace: OpenTrace, context: SpanContext | undefined): void => {
    if (context === undefined || trace.id !== undefined || currentRatio() <= 0) return
    trace.id = context.traceId
    trace.remoteParent = context.spanId
    trace.isExported = true
  }

  const beginTrace = (context: SpanContext | undefined): OpenTrace => {
    if (openTraces.size >= maxOpenTraces) giveUp(openTraces.values().next().value)
    const ratio = currentRatio()
    const started = clocks.monotonic()
    const trace: OpenTrace = {
      id: context?.traceId,
      remoteParent: undefined,
      isExported: ratio > 0 && random() < ratio,
      wallOffset: clocks.wall() - started,
      spans: [],
      open: 0,
      dropped: 0,
      root: undefined,
      timer: undefined,
      isFinished: false,
    }
    openTraces.add(trace)
    return trace
  }

  const startSpan = (name: string, given: SpanOptions = {}): Span => {
    const parent = given.parent === undefined ? undefined : traceBySpan.get(given.parent)
    if (given.parent !== undefined && parent === undefined) return noSpan
    const trace = parent?.trace ?? beginTrace(given.context)
    if (trace.isFinished) return noSpan
    if (trace.spans.length + trace.open >= maxSpans) {
      trace.dropped += 1
      return noSpan
    }
    trace.open += 1
    const started = clocks.monotonic()
    const isRoot = parent === undefined
    if (isRoot) joinRemote(trace, given.remoteParent)
    const spanId = once(() => (isRoot ? given.context?.spanId : undefined) ?? hexId(random, 2))
    const attributes: Record<string, AttributeValue> = {}
    addBounded(attributes, given.attributes)
    const events: SpanEvent[] = []
    let failure: string | undefined
    let ended = false

    const span: Span = {
      setAttributes(more) {
        if (!ended) addBounded(attributes, more)
      },
      addEvent(event, about) {
        if (ended || events.length >= maxEvents) return
        const ofEvent: Record<string, AttributeValue> = {}
        addBounded(ofEvent, about)
        events.push({ name: cut(event), at: trace.wallOffset + clocks.monotonic(), attributes: ofEvent })
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
        if (trace.isFinished) return
        const record: SpanRecord = {
          name,
          spanId: spanId(),
          parentId: parent === undefined ? trace.remoteParent : parent.spanId(),
          startedAt: trace.wallOffset + started,
          durationMs: Math.max(0, clocks.monotonic() - started),
          attributes,
          events,
          failure,
        }
        trace.spans.push(record)
        if (isRoot) {
          trace.root = record
          if (trace.open > 0) trace.timer = waitWithoutHoldingTheProcess(() => finish(trace))
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
  /** Chosen when it is first needed. */
  id: string | undefined
  /** The span at another peer that the first span continues. */
  remoteParent: string | undefined
  isExported: boolean
  /** Difference of the wall clock to the monotonic one at the start (ms). */
  readonly wallOffset: number
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

const cut = (text: string): string => (text.length > maxTextCharacters ? text.slice(0, maxTextCharacters) : text)

/** Numbers that are not finite are left out: no format of an exporter has them. */
const addBounded = (attributes: Record<string, AttributeValue>, more: Attributes | undefined): void => {
  if (more === undefined) return
  let room = maxAttributes
  for (const _ in attributes) room -= 1
  for (const key in more) {
    const value = more[key]
    if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) continue
    const name = cut(key)
    const isNew = !Object.hasOwn(attributes, name)
    if (isNew && room === 0) continue
    if (isNew) room -= 1
    attributes[name] = typeof value === 'string' ? cut(value) : value
  }
}
