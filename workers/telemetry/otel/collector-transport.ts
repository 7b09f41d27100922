import type { ExportResponse, IExporterTransport } from '@opentelemetry/otlp-exporter-base'

/**
 * Sends batches to the collector behind the page's own server. A transport of our own, because the exporters' leaves
 * answers unread, repeats requests that may have arrived, and follows redirects to other servers.
 *
 * Guarantees: an answer of any size costs nothing, because its body is cancelled; a batch is sent once; after a failure
 * requests pause, longer each time, and the batches of that time are dropped.
 */
export interface Collector {
  state(): CollectorState
  transportTo(path: '/otlp/v1/traces' | '/otlp/v1/metrics'): IExporterTransport
  /** Cancels requests and sends nothing any more. */
  close(): void
}

/** Of the last request: `absent`: the server forwards nothing. */
export type CollectorState = 'unknown' | 'available' | 'absent' | 'failing'

export interface CollectorOptions {
  /** URL of the page's server. */
  origin: string
  /** Clock (ms). */
  monotonic(): number
  /** Time after which a request counts as failed (ms). */
  timeoutMs: number
}

/** Pause after a failure (ms), doubled with each further one. */
const firstPauseMs = 5_000
const maxPauseMs = 300_000

/** Largest batch (bytes): above any of `maxBatchSpans` spans. */
const maxBytes = 1_048_576

export const createCollector = ({ origin, monotonic, timeoutMs }: CollectorOptions): Collector => {
  const closed = new AbortController()
  let state: CollectorState = 'unknown'
  let pausedUntil = Number.NEGATIVE_INFINITY
  let pauseMs = firstPauseMs

  const succeeded = (): ExportResponse => {
    state = 'available'
    pauseMs = firstPauseMs
    return { status: 'success' }
  }

  const failed = (reason: 'absent' | 'failing', detail: string): ExportResponse => {
    state = reason
    pausedUntil = monotonic() + (reason === 'absent' ? maxPauseMs : pauseMs)
    pauseMs = Math.min(maxPauseMs, 2 * pauseMs)
    return notSent(detail)
  }

  const send = async (url: URL, body: Uint8Array): Promise<ExportResponse> => {
    if (closed.signal.aborted) return notSent('closed')
    if (monotonic() < pausedUntil) return notSent('paused')
    if (body.length > maxBytes) return notSent('too large')
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Uint8Array(body),
        signal: AbortSignal.any([closed.signal, AbortSignal.timeout(timeoutMs)]),
        redirect: 'error',
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
      })
      // Nothing in it matters, whatever its size.
      response.body?.cancel().catch(() => {})
      if (response.ok) return succeeded()
      return failed(response.status === 404 ? 'absent' : 'failing', `status ${response.status}`)
    } catch {
      return closed.signal.aborted ? notSent('closed') : failed('failing', 'unreachable')
    }
  }

  return {
    state: () => state,
    transportTo(path) {
      const url = new URL(path, origin)
      return { send: (body) => send(url, body), shutdown() {} }
    },
    close: () => closed.abort(),
  }
}

const notSent = (reason: string): ExportResponse => ({ status: 'failure', error: new Error(reason) })
