/**
 * The port for traces, metrics and logs. Names and shapes follow the OpenTelemetry API, so that an exporter only has to
 * implement them. Every room receives a `Telemetry` as it receives its crypto and never names an exporter.
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
  /** Calls `observe` when values are collected; undefined reports nothing. Returns a function that removes the gauge. */
  createObservableGauge(name: string, options: InstrumentOptions, observe: () => number | undefined): () => void
}

export interface Counter {
  /** @param value Not negative. */
  add(value: number, attributes?: Attributes): void
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
