import { noSpan, noTelemetry } from './no-telemetry.ts'
import type { Attributes, Span, SpanOptions, Tracer } from './telemetry.ts'

/**
 * The context of a piece of work: its cancel signal and its span. Long-running functions take an `Operation` instead of an
 * `AbortSignal`; libraries receive `operation.signal`.
 */
export interface Operation {
  readonly signal: AbortSignal
  readonly span: Span
  /** Runs part of this work in a child span, which ends with the outcome of `work`. */
  run<T>(name: string, work: (operation: Operation) => T | Promise<T>, attributes?: Attributes): Promise<T>
  /** Starts part of this work in a child span, which the caller ends. */
  start(name: string, attributes?: Attributes): Operation
  /** The same span, also cancelled by any of `signals`. */
  withSignal(...signals: readonly AbortSignal[]): Operation
  /** The same span, also cancelled after `timeoutMs`. */
  withTimeout(timeoutMs: number): Operation
  /** The same span, cancelled only by `signal`: for work that callers share or that outlives them. */
  detached(signal: AbortSignal): Operation
}

/** Where a root operation comes from: the page, which has chosen its ids, or another peer, whose span is its parent. */
export type Origin = Pick<SpanOptions, 'context' | 'remoteParent'>

/** Starts a root operation: a command, a message from a peer, a timer. The caller ends the span. */
export const startOperation = (
  tracer: Tracer,
  name: string,
  signal: AbortSignal,
  attributes: Attributes = {},
  origin: Origin = {},
): Operation => createOperation(tracer, signal, tracer.startSpan(name, { ...origin, attributes }))

/** Runs a root operation in a span that ends with its outcome. */
export const runOperation = <T>(
  tracer: Tracer,
  name: string,
  signal: AbortSignal,
  work: (operation: Operation) => T | Promise<T>,
  attributes: Attributes = {},
  origin: Origin = {},
): Promise<T> => runIn(startOperation(tracer, name, signal, attributes, origin), work)

/** An operation without a span, optionally cancelled by `signal`. */
export const untraced = (signal: AbortSignal = neverAborted): Operation =>
  createOperation(noTelemetry.tracer, signal, noSpan)

const neverAborted = new AbortController().signal

const createOperation = (tracer: Tracer, signal: AbortSignal, span: Span): Operation => {
  const start = (name: string, attributes: Attributes = {}): Operation =>
    createOperation(tracer, signal, tracer.startSpan(name, { parent: span, attributes }))
  const detached = (other: AbortSignal): Operation => createOperation(tracer, other, span)
  const withSignal = (...signals: readonly AbortSignal[]): Operation => detached(AbortSignal.any([signal, ...signals]))
  return {
    signal,
    span,
    start,
    run: (name, work, attributes) => runIn(start(name, attributes), work),
    withSignal,
    withTimeout: (timeoutMs) => withSignal(AbortSignal.timeout(timeoutMs)),
    detached,
  }
}

/** Runs work in a started operation, and ends its span with the outcome. */
export const runIn = async <T>(operation: Operation, work: (operation: Operation) => T | Promise<T>): Promise<T> => {
  try {
    return await work(operation)
  } catch (error) {
    operation.span.recordException(error)
    throw error
  } finally {
    operation.span.end()
  }
}
