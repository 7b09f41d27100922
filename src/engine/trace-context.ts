/**
 * Ids for the traces of commands (W3C Trace Context). The page chooses them, so that it can link to a trace from the
 * place where the operation happened.
 */
export const createTraceId = (): string => hexOf(16)

/** A `traceparent` with a new span id: a command that is sent again is another span of its trace. */
export const startTraceparent = (traceId: string): string => `00-${traceId}-${hexOf(8)}-00`

const hexOf = (bytes: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('')
