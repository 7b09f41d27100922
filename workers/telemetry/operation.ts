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
  /** The same work in the same span, also cancelled by any of `signals`. */
  withSignal(...signals: readonly AbortSignal[]): Operation
  /** The same work in the same span, also cancelled after `timeoutMs`. */
  withTimeout(timeoutMs: number): Operation
}

/** Work that begins here: a command, a message from a peer, a timer. Its caller ends the span. */
export const startOperation = (
  tracer: Tracer,
  name: string,
  signal: AbortSignal,
  attributes: Attributes = {},
): Operation => createOperation(tracer, signal, tracer.startSpan(name, { attributes }))

/** Work that nobody measures; cancelled by `signal` when that is given. */
export const untraced = (signal: AbortSignal = neverAborted): Operation =>
  createOperation(noTelemetry.tracer, signal, noSpan)

const neverAborted = new AbortController().signal

const createOperation = (tracer: Tracer, signal: AbortSignal, span: Span): Operation => {
  const withSignal = (...signals: readonly AbortSignal[]): Operation =>
    createOperation(tracer, AbortSignal.any([signal, ...signals]), span)
  return {
    signal,
    span,
    async run(name, work, attributes = {}) {
      const child = tracer.startSpan(name, { parent: span, attributes })
      try {
        return await work(createOperation(tracer, signal, child))
      } catch (error) {
        child.recordException(error)
        throw error
      } finally {
        child.end()
      }
    },
    withSignal,
    withTimeout: (timeoutMs) => withSignal(AbortSignal.timeout(timeoutMs)),
  }
}
