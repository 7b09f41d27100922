import type { IncomingMessage } from 'node:http'
import { type Answer, refusal } from '../answer.ts'
import { isLocal, type MetricsAccess } from './metrics-access.ts'

/** Time that a text is served again (ms): scrapes in a row cost one. */
const cacheMs = 1_000

export interface MetricsOptions {
  access: MetricsAccess
  /** Texts of the processes in the Prometheus format, whose metrics differ by name. */
  collect(): Promise<readonly string[]>
  /** Clock with any origin (ms). */
  now(): number
}

/** Answers `/metrics`. At most one collection runs at a time, and at most one a second. */
export const createMetricsAnswer = ({ access, collect, now }: MetricsOptions) => {
  let cached: { body: Promise<Buffer>; at: number } | undefined

  const body = (): Promise<Buffer> => {
    if (cached !== undefined && now() - cached.at < cacheMs) return cached.body
    const collected = collect().then((texts) => Buffer.from(texts.map(ended).join('')))
    const entry = { body: collected, at: Number.POSITIVE_INFINITY }
    cached = entry
    collected.then(
      () => {
        entry.at = now()
      },
      () => {
        if (cached === entry) cached = undefined
      },
    )
    return collected
  }

  return async (request: IncomingMessage): Promise<Answer> => {
    if (access === 'off') return refusal(404)
    if (access === 'local' && !isLocal(request))
      return refusal(403, {}, 'Metrics are for this machine only; METRICS=on shows them to everybody.')
    return {
      status: 200,
      headers: { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' },
      body: await body(),
    }
  }
}

const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)
