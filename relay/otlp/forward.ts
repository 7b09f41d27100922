import type { IncomingMessage } from 'node:http'
import { createAdmission, groupOf } from '../admission.ts'
import { type Answer, type RefusalStatus, refusal } from '../answer.ts'
import { type Collector, type CollectorAddress, createCollector, type Signal } from './collector.ts'
import * as limits from './limits.ts'
import { createPostRate } from './rate.ts'
import { discardBody, readBody } from './read-body.ts'
import { isSameOrigin } from './same-origin.ts'

/** What became of a post: the collector answered, or the status of the refusal. */
export type Outcome = 'forwarded' | `refused_${RefusalStatus}`

export interface ForwardingOptions {
  collector: CollectorAddress
  /** Clock with any origin (ms). */
  now(): number
  /** Called once per post; `bytes` were sent to the collector. */
  onPost?(signal: Signal, outcome: Outcome, bytes: number): void
  /** Overrides the limit (tests). */
  timeoutMs?: number
}

export interface Forwarding {
  /** Answers a request for `path`, which starts with `/otlp/`. */
  answer(request: IncomingMessage, path: string): Promise<Answer>
  stop(): void
}

const signalByPath: Readonly<Record<string, Signal>> = { '/otlp/v1/traces': 'traces', '/otlp/v1/metrics': 'metrics' }

/** The encodings of OTLP over HTTP. */
const contentTypes = ['application/json', 'application/x-protobuf']

/**
 * Forwards telemetry of this server's page to a collector, which the content policy of the page does not let it reach.
 * Strangers reach this too, so number, size, rate and time are bounded, and only the body and its type are passed on:
 * no cookie, credential or address of the sender. The collector's own headers do not pass back.
 *
 * Compressed bodies are refused: their size says nothing about the work that they are for the collector, and the
 * exporters of the page do not compress.
 */
export const createForwarding = (options: ForwardingOptions): Forwarding => {
  const { now, onPost, timeoutMs = limits.collectorTimeoutMs } = options
  const collector: Collector = createCollector(options.collector)
  const rate = createPostRate(now)
  const admission = createAdmission(limits.inProgress)
  const shutdown = new AbortController()

  const answerPost = async (request: IncomingMessage, signal: Signal): Promise<Answer> => {
    const address = groupOf(request.socket.remoteAddress ?? '')
    const refuse = (status: RefusalStatus, headers = {}): Answer => {
      if (!request.complete) discardBody(request, limits.maxDiscardedBytes)
      onPost?.(signal, `refused_${status}`, 0)
      return refusal(status, headers)
    }

    if (!isSameOrigin(request.headers)) return refuse(403)
    const contentType = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
    const encoding = (request.headers['content-encoding'] ?? 'identity').toLowerCase()
    if (!contentTypes.includes(contentType)) return refuse(415)
    if (encoding !== 'identity') return refuse(415, { 'Accept-Encoding': 'identity' })
    const waitMs = rate.admit(address)
    if (waitMs > 0) return refuse(429, { 'Retry-After': Math.ceil(waitMs / 1_000) })

    const evicted = new AbortController()
    const permit = admission.admit(address, () => evicted.abort())
    try {
      const body = await readBody(request, limits.maxBodyBytes, AbortSignal.any([evicted.signal, shutdown.signal]))
      if (body === undefined) return refuse(413)
      rate.take(address, body.length)
      const deadline = AbortSignal.timeout(timeoutMs)
      const ended = AbortSignal.any([deadline, evicted.signal, shutdown.signal])
      try {
        const reply = await collector.post(signal, body, contentType, ended)
        // A redirect would lead elsewhere than configured; a status outside HTTP cannot be passed on.
        if (reply.status < 200 || reply.status > 599 || (reply.status >= 300 && reply.status < 400)) return refuse(502)
        onPost?.(signal, 'forwarded', body.length)
        return passedBack(reply.status, reply.body)
      } catch {
        if (evicted.signal.aborted || shutdown.signal.aborted) return refuse(503, { 'Retry-After': 1 })
        return refuse(deadline.aborted ? 504 : 502)
      }
    } catch {
      // Evicted while the body arrived, or the sender has gone and reads no answer.
      return refuse(503, { 'Retry-After': 1 })
    } finally {
      permit.release()
    }
  }

  return {
    async answer(request, path) {
      const signal = signalByPath[path]
      if (signal === undefined) return refusal(404)
      if (request.method !== 'POST') return refusal(405, { Allow: 'POST' }, 'Only POST is supported.')
      return answerPost(request, signal)
    },
    stop() {
      shutdown.abort()
      collector.stop()
    },
  }
}

const passedBack = (status: number, body: Buffer | undefined): Answer => ({
  status,
  headers: { 'Cache-Control': 'no-store', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
  body: status === 204 || body === undefined ? Buffer.alloc(0) : body,
})
