import type { Span, SpanContext } from './telemetry.ts'

/** Size of a span's context as W3C Trace Context writes it (`traceparent`, version 00), in characters. */
export const traceparentCharacters = 55

const form = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/
const onlyZeros = /^0+$/

/** The text of `traceparent`, with the flag that says that its sender exports the trace. */
export const formatTraceparent = ({ traceId, spanId }: SpanContext): string => `00-${traceId}-${spanId}-01`

/** The field of a request that passes a span on to a peer: none unless the person exports its trace. */
export const traceField = (span: Span): { trace?: string } => {
  const context = span.exportedContext()
  return context === undefined ? {} : { trace: formatTraceparent(context) }
}

/** Reads a `traceparent` of any sender; undefined for anything else, in bounded time. */
export const parseTraceparent = (given: unknown): SpanContext | undefined => {
  if (typeof given !== 'string' || given.length !== traceparentCharacters) return undefined
  const [, traceId = '', spanId = ''] = form.exec(given) ?? []
  // Ids of zeros are invalid, and a text of another form has left both empty.
  if (traceId === '' || onlyZeros.test(traceId) || onlyZeros.test(spanId)) return undefined
  return { traceId, spanId }
}
