import type { Stream } from '@libp2p/interface'
import { isFailure } from '../contract/failures.ts'
import type { Entry } from '../protocol/entry.ts'
import { MAX_QUERY_ENTRIES, QUERY_ENTRIES_BYTES, QUERY_REQUEST_MAX_BYTES } from '../protocol/limits.ts'
import {
  type DescribeRequest,
  isOtherQueryRequest,
  type QueryRequest,
  type QueryResponse,
  queryRequestCodec,
  queryResponseCodec,
  type SearchRequest,
} from '../protocol/query-messages.ts'
import { messagesOver } from '../stack/message-stream.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { Budget } from './budget.ts'

/**
 * Answers what other peers ask of this catalogue, over `/ggen/query/1.0.0`: one question a stream.
 *
 * Guarantees: a question is read only up to its limit, is answered with a bounded number of entries and bytes, and its
 * peer is refused when it has taken its share of our time; a stream that stands still ends. What is answered are signed
 * entries of the catalogue and nothing of our own making.
 */
export interface QueryServer {
  /** Serves one inbound stream; resolves when it has ended. Never rejects. */
  handle(stream: Stream, peer: string): Promise<void>
  /** Ends every stream; later ones are ended at once. */
  stop(): void
}

/** What is known here. Each list is what belongs together, best first: it is sent whole or not at all. */
export interface QuerySource {
  search(request: SearchRequest): readonly (readonly Entry[])[]
  describe(request: DescribeRequest): readonly (readonly Entry[])[]
}

export interface QueryServerDependencies {
  telemetry: Pick<Telemetry, 'tracer' | 'logger'>
  source: QuerySource
  budget: Budget
  /** A peer broke the rules. */
  report(peer: string, fault: 'malformed' | 'flood'): void
  /** Milliseconds with fractions, of any origin. */
  now(): number
  /** Time for one question from its first byte to the end of its answer, ms. */
  timeoutMs?: number
}

/** Longer than an asker waits; a stream that stands still is held no longer than this. */
const defaultTimeoutMs = 5_000

export const createQueryServer = (deps: QueryServerDependencies): QueryServer => {
  const { source, budget, report, now, timeoutMs = defaultTimeoutMs } = deps
  const { tracer, logger } = deps.telemetry
  const log = logger('query')
  const stopping = new AbortController()

  /** `other`: a question that only a later version knows. It costs its peer as any other. */
  const respond = (request: QueryRequest | 'other', peer: string): QueryResponse | undefined => {
    const verdict = budget.take(peer)
    if (verdict === 'flood') return undefined
    if (verdict === 'refuse') return { v: 1, status: 'refused', entries: [] }
    if (request === 'other') return { v: 1, status: 'unsupported', entries: [] }
    const started = now()
    const groups = request.type === 'search' ? source.search(request) : source.describe(request)
    const response: QueryResponse = { v: 1, status: 'ok', entries: fill(groups) }
    budget.spend(peer, now() - started)
    return response
  }

  const serve = async (stream: Stream, peer: string, operation: Operation): Promise<void> => {
    const abort = (reason: string): void => {
      log.debug('query not answered', { peer, reason })
      stream.abort(new Error(reason))
    }
    try {
      const messages = messagesOver(stream, { maxBytes: QUERY_REQUEST_MAX_BYTES, signal: operation.signal })
      const bytes = await messages.receive()
      const request = queryRequestCodec.decode(bytes)
      const isOther = !request.ok && isOtherQueryRequest(bytes)
      if (!request.ok && !isOther) {
        report(peer, 'malformed')
        return abort(request.message)
      }
      const response = respond(request.ok ? request.value : 'other', peer)
      if (response === undefined) {
        report(peer, 'flood')
        return abort('too many questions')
      }
      await messages.send(queryResponseCodec.encode(response))
      await stream.close({ signal: operation.signal })
    } catch (error) {
      if (isFailure(error, 'RecordTooLarge')) report(peer, 'malformed')
      abort('the question was not read, or its answer not taken')
    }
  }

  return {
    handle(stream, peer) {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)])
      return runOperation(tracer, 'query.answer', signal, (operation) => serve(stream, peer, operation))
    },
    stop: () => stopping.abort(),
  }
}

/** As many of the groups as one answer takes, each entry once. */
const fill = (groups: readonly (readonly Entry[])[]): Entry[] => {
  const entries: Entry[] = []
  // The records of one publisher share the bytes of its identity.
  const taken = new Set<Uint8Array>()
  let size = 0
  for (const group of groups) {
    const fresh = group.filter(({ bytes }) => !taken.has(bytes))
    const bytes = fresh.reduce((sum, entry) => sum + entry.bytes.length, 0)
    if (entries.length + fresh.length > MAX_QUERY_ENTRIES || size + bytes > QUERY_ENTRIES_BYTES) break
    for (const entry of fresh) taken.add(entry.bytes)
    entries.push(...fresh)
    size += bytes
  }
  return entries
}
