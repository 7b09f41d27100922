import * as http from 'node:http'
import * as https from 'node:https'
import { maxAnswerBytes } from './limits.ts'

/** Where telemetry goes, as configured. */
export interface CollectorAddress {
  /** Base URL without a slash at its end; the path of the signal is appended. */
  endpoint: string
  /** Sent with every request: credentials, for instance. */
  headers: Readonly<Record<string, string>>
}

export type Signal = 'traces' | 'metrics'

export interface CollectorAnswer {
  status: number
  /** JSON of at most 64 KiB; undefined for any other answer. */
  body: Buffer | undefined
}

export interface Collector {
  /**
   * Sends one body and reads the status and a short answer. Does not follow redirects.
   * @throws Error when the collector cannot be reached, breaks HTTP, or `signal` aborts before its status arrived.
   */
  post(to: Signal, body: Buffer, contentType: string, signal: AbortSignal): Promise<CollectorAnswer>
  stop(): void
}

/** Connections to the collector, and the time that an unused one stays open (ms). */
const maxSockets = 64
const idleMs = 4_000

export const createCollector = ({ endpoint, headers }: CollectorAddress): Collector => {
  const { Agent, request } = endpoint.startsWith('https:') ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets, maxFreeSockets: 8, timeout: idleMs })

  const attempt = (to: Signal, body: Buffer, contentType: string, signal: AbortSignal): Promise<CollectorAnswer> =>
    new Promise((resolve, reject) => {
      const sent = request(`${endpoint}/v1/${to}`, {
        method: 'POST',
        agent,
        signal,
        headers: {
          'User-Agent': 'ggen-relay',
          Accept: 'application/json',
          ...headers,
          'Content-Type': contentType,
          'Content-Length': body.length,
        },
      })
      let hasStatus = false
      // The collector switches to another protocol.
      sent.on('upgrade', (_response, socket) => socket.destroy())
      sent.on('error', (error) => {
        if (!hasStatus) reject(Object.assign(error, { isStale: sent.reusedSocket && isReset(error) }))
      })
      sent.on('close', () => {
        if (!hasStatus) reject(new Error('The collector did not answer.'))
      })
      sent.on('response', (response) => {
        hasStatus = true
        const { statusCode: status = 0, headers: received } = response
        readAnswer(response).then(
          (whole) => resolve({ status, body: isJson(received['content-type']) ? whole : undefined }),
          // The status has been received, so the collector has decided.
          () => resolve({ status, body: undefined }),
        )
      })
      sent.end(body)
    })

  return {
    async post(to, body, contentType, signal) {
      try {
        return await attempt(to, body, contentType, signal)
      } catch (error) {
        // The collector closed an idle connection at the moment of its reuse.
        if (Reflect.get(Object(error), 'isStale') !== true || signal.aborted) throw error
        return attempt(to, body, contentType, signal)
      }
    },
    stop: () => agent.destroy(),
  }
}

/** Reads a short answer; undefined for a longer one, whose rest is not read. */
const readAnswer = async (response: http.IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    // Leaving the loop destroys the response and its connection.
    if (length > maxAnswerBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

const isJson = (contentType: string | undefined): boolean => /^application\/json\s*(;|$)/i.test(contentType ?? '')

const isReset = (error: Error): boolean => ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')
