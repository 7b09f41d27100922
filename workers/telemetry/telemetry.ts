import type { CounterName, GaugeName, HistogramName } from './instruments.ts'

/**
 * The port for traces, metrics and logs. Shapes follow the OpenTelemetry API, so that its SDK only has to be fed. Every
 * room receives a `Telemetry` as it receives its crypto and never names an exporter.
 *
 * Implementations must not throw and must cost next to nothing without a listener.
 */
export interface Telemetry {
  readonly tracer: Tracer
  readonly meter: Meter
  /** A logger for one room, enabled by naming the room in `?debug=` (browser) or `DEBUG` (Node). */
  logger(room: string): Logger
}

export type AttributeValue = string | number | boolean
export type Attributes = Readonly<Record<string, AttributeValue>>

/** Identifies a span across threads and peers (W3C Trace Context): 32 and 16 hexadecimal digits. */
export interface SpanContext {
  readonly traceId: string
  readonly spanId: string
}

export interface SpanOptions {
  readonly parent?: Span | undefined
  /** A parent at another peer; ignored while nothing is exported here. */
  readonly remoteParent?: SpanContext | undefined
  /** For a first span whose caller, the page, has chosen the ids to find it by. */
  readonly context?: SpanContext | undefined
  readonly attributes?: Attributes
}

export interface Tracer {
  startSpan(name: string, options?: SpanOptions): Span
}

/** One timed piece of work. Calls after `end` have no effect. */
export interface Span {
  setAttributes(attributes: Attributes): void
  addEvent(name: string, attributes?: Attributes): void
  /**
   * Makes a first span the child of one at another peer, which is known only once its request has been read. Without
   * effect while nothing is exported here, on other spans, and once an id of the trace is in use.
   */
  setRemoteParent(context: SpanContext | undefined): void
  /** Marks the span as failed. */
  recordException(error: unknown): void
  end(): void
  /** The context to send with a request to a peer; undefined unless this trace is exported. */
  exportedContext(): SpanContext | undefined
}

/** Instruments are listed in `instruments.ts`, with their units and attributes. */
export interface Meter {
  createCounter(name: CounterName): Counter
  createHistogram(name: HistogramName): Histogram
  /**
   * Calls `observe` when values are collected: for sums that the room counts anyway. Returns a function that removes it.
   */
  createObservableCounter(name: CounterName, observe: Observe): () => void
  createObservableGauge(name: GaugeName, observe: Observe): () => void
}

/** A value, several with different attributes, or nothing to report. */
export type Observe = () => number | readonly Measurement[] | undefined

export interface Measurement {
  readonly value: number
  readonly attributes: Attributes
}

export interface Counter {
  /** @param value Not negative. */
  add(value: number, attributes?: Attributes): void
  /** The counter of one series: adding to it looks nothing up and allocates nothing. */
  with(attributes: Attributes): Pick<Counter, 'add'>
}

export interface Histogram {
  record(value: number, attributes?: Attributes): void
}

/** Structured lines: a constant message and variable fields. */
export interface Logger {
  debug(message: string, fields?: Attributes): void
  info(message: string, fields?: Attributes): void
  warn(message: string, fields?: Attributes): void
  error(message: string, fields?: Attributes): void
}
