/**
 * The port to traces, metrics and logs. The names and shapes follow the OpenTelemetry API, so that an exporter only has
 * to implement them. Every room receives a `Telemetry` the way it receives its crypto, and never names an exporter.
 *
 * Implementations must not throw, and must cost next to nothing where nobody listens.
 */
export interface Telemetry {
  readonly tracer: Tracer
  readonly meter: Meter
  /** A logger for one room. Its lines appear when the room is named in `?debug=` (browser) or `DEBUG` (Node). */
  logger(room: string): Logger
}

export type AttributeValue = string | number | boolean
export type Attributes = Readonly<Record<string, AttributeValue>>

export interface Tracer {
  startSpan(name: string, options?: { parent?: Span; attributes?: Attributes }): Span
}

/** One timed piece of work. Calls after `end` have no effect. */
export interface Span {
  setAttributes(attributes: Attributes): void
  addEvent(name: string, attributes?: Attributes): void
  /** Marks the span as failed. */
  recordException(error: unknown): void
  end(): void
}

export interface InstrumentOptions {
  /** A UCUM unit: `ms`, `By`, `{announcement}`. */
  readonly unit: string
  readonly description: string
}

export interface Meter {
  createCounter(name: string, options: InstrumentOptions): Counter
  createHistogram(name: string, options: InstrumentOptions): Histogram
  /** `observe` is called when values are collected; undefined reports nothing. Returns its undo. */
  createObservableGauge(name: string, options: InstrumentOptions, observe: () => number | undefined): () => void
}

export interface Counter {
  /** @param value not negative */
  add(value: number, attributes?: Attributes): void
}

export interface Histogram {
  record(value: number, attributes?: Attributes): void
}

/** Structured lines: a constant message, and fields that vary. */
export interface Logger {
  debug(message: string, fields?: Attributes): void
  info(message: string, fields?: Attributes): void
  warn(message: string, fields?: Attributes): void
  error(message: string, fields?: Attributes): void
}
