import { noSpan, noTelemetry } from './no-telemetry.ts'
import type { Attributes, Span, Tracer } from './telemetry.ts'

/**
 * What goes down with a piece of work: the signal that cancels it and the span that measures it. Functions that take time
 * take an `Operation` where they would take an `AbortSignal`; libraries receive `operation.signal`.
 */
export interface Operation {
  readonly signal: AbortSignal
  readonly span: Span
  /** Runs a part of this work in a span of its own, which ends with the outcome of `work`. */
  run<T>(name: string, work: (operation: Operation) => T | Promise<T>, attributes?: Attributes): Promise<T>
  /** Starts a part of this work in a span of its own. The caller ends the span. */
  start(name: string, attributes?: Attributes): Operation
  /** The same work in the same span, also cancelled by any of `signals`. */
  withSignal(...signals: readonly AbortSignal[]): Operation
  /** The same work in the same span, also cancelled after `timeoutMs`. */
  withTimeout(timeoutMs: number): Operation
  /** The same work in the same span, cancelled by `signal` only: for work that callers share, or that outlives them. */
  detached(signal: AbortSignal): Operation
}

/** Work that begins here: a command, a message from a peer, a timer. Its caller ends the span. */
export const startOperation = (
  tracer: Tracer,
  name: string,
  signal: AbortSignal,
  attributes: Attributes = {},
): Operation => createOperation(tracer, signal, tracer.startSpan(name, { attributes }))

/** Runs work that begins here in a span that ends with its outcome. */
export const runOperation = <T>(
  tracer: Tracer,
  name: string,
  signal: AbortSignal,
  work: (operation: Operation) => T | Promise<T>,
  attributes: Attributes = {},
): Promise<T> => runIn(startOperation(tracer, name, signal, attributes), work)

/** Work that nobody measures; cancelled by `signal` when that is given. */
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

const runIn = async <T>(operation: Operation, work: (operation: Operation) => T | Promise<T>): Promise<T> => {
  try {
    return await work(operation)
  } catch (error) {
    operation.span.recordException(error)
    throw error
  } finally {
    operation.span.end()
  }
}
