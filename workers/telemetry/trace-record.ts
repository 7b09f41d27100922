import type { Attributes, AttributeValue } from './telemetry.ts'

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

/** A span while it is recorded: what was given, without copies or ids. */
export interface OpenSpan {
  readonly name: string
  readonly parent: OpenSpan | undefined
  /** Monotonic (ms). */
  readonly startedAt: number
  durationMs: number
  isEnded: boolean
  /** Chosen when it is first needed. */
  id: string | undefined
  attributes: Attributes
  events: SpanEvent[] | undefined
  failure: string | undefined
}

export interface OpenTrace {
  /** Chosen when it is first needed. */
  id: string | undefined
  /** The span at another peer that the first span continues. */
  remoteParent: string | undefined
  isExported: boolean
  /** Difference of the wall clock to the monotonic one at the start (ms). */
  readonly wallOffset: number
  readonly root: OpenSpan
  /** Spans that have ended, in order. */
  readonly ended: OpenSpan[]
  /** Number of spans that have started and not ended. */
  open: number
  dropped: number
  timer: ReturnType<typeof setTimeout> | undefined
  isFinished: boolean
}

const maxAttributes = 32
const maxTextCharacters = 200

/** @param random In [0, 1), for ids. */
export const toTraceRecord = (trace: OpenTrace, random: () => number): TraceRecord => {
  const { remoteParent, wallOffset, root, ended, dropped, isExported } = trace
  const toRecord = (span: OpenSpan): SpanRecord => ({
    name: span.name,
    spanId: spanIdOf(span, random),
    parentId: span.parent === undefined ? remoteParent : spanIdOf(span.parent, random),
    startedAt: wallOffset + span.startedAt,
    durationMs: span.durationMs,
    attributes: bounded(span.attributes),
    events: span.events ?? [],
    failure: span.failure,
  })
  const rootRecord = toRecord(root)
  const spans = ended.map((span) => (span === root ? rootRecord : toRecord(span)))
  return { traceId: traceIdOf(trace, random), root: rootRecord, spans, dropped, isExported }
}

export const traceIdOf = (trace: OpenTrace, random: () => number): string => {
  trace.id ??= hexId(random, 4)
  return trace.id
}

export const spanIdOf = (span: OpenSpan, random: () => number): string => {
  span.id ??= hexId(random, 2)
  return span.id
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

export const cut = (text: string): string => (text.length > maxTextCharacters ? text.slice(0, maxTextCharacters) : text)

/** A bounded copy. Numbers that are not finite are left out: no format of an exporter has them. */
export const bounded = (...given: readonly Attributes[]): Attributes => {
  const copy: Record<string, AttributeValue> = {}
  let room = maxAttributes
  for (const attributes of given)
    for (const key in attributes) {
      const value = attributes[key]
      if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) continue
      const name = cut(key)
      const isNew = !Object.hasOwn(copy, name)
      if (isNew && room === 0) continue
      if (isNew) room -= 1
      copy[name] = typeof value === 'string' ? cut(value) : value
    }
  return copy
}
