import type { TelemetryView } from '../contract/telemetry-views.ts'

/** Time for the answer of the page's server (ms). */
const timeoutMs = 3_000

/** Time for which an answer counts (ms). */
const validMs = 30_000

/**
 * Asks the page's server whether it forwards telemetry: it then answers a GET with 405 and `Allow: POST`, otherwise with
 * 404. Any other answer, or none, says nothing. Never rejects.
 *
 * @param monotonic Clock (ms).
 */
export const createCollectorProbe = (
  origin: string | undefined,
  monotonic: () => number,
): (() => Promise<TelemetryView['collector']>) => {
  let last: { at: number; answer: Promise<TelemetryView['collector']> } | undefined
  return () => {
    if (origin === undefined) return Promise.resolve('absent')
    if (last === undefined || monotonic() - last.at > validMs) last = { at: monotonic(), answer: ask(origin) }
    return last.answer
  }
}

const ask = async (origin: string): Promise<TelemetryView['collector']> => {
  try {
    const { status, headers, body } = await fetch(new URL('/otlp/v1/traces', origin), {
      signal: AbortSignal.timeout(timeoutMs),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
    })
    // Nothing in it matters, whatever its size.
    body?.cancel().catch(() => {})
    if (status === 404) return 'absent'
    return status === 405 && /\bPOST\b/i.test(headers.get('allow') ?? '') ? 'available' : 'unknown'
  } catch {
    return 'unknown'
  }
}
