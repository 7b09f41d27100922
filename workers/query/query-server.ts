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
import { parseTraceparent } from '../telemetry/trace-context.ts'
import type { Budget } from './budget.ts'

/**
 * Answers queries of other peers about this catalogue over `/ggen/query/1.0.0`, one query per stream.
 *
 * Guarantees: reads a query only up to its limit, answers with a bounded number of entries and bytes, refuses a peer over
 * its budget and ends stalled streams. Answers contain only signed entries of the catalogue.
 */
export interface QueryServer {
  /** Serves one inbound stream and resolves when it ends. Never rejects. */
  handle(stream: Stream, peer: string): Promise<void>
  /** Ends every stream, and later ones at once. */
  stop(): void
}

/** Looks up entries of the catalogue. Each inner list belongs together and is sent whole or not at all; best first. */
export interface QuerySource {
  search(request: SearchRequest): readonly (readonly Entry[])[]
  describe(request: DescribeRequest): readonly (readonly Entry[])[]
}

export interface QueryServerDependencies {
  telemetry: Pick<Telemetry, 'tracer' | 'logger'>
  source: QuerySource
  budget: Budget
  /** Reports a violation. */
  report(peer: string, fault: 'malformed' | 'flood'): void
  /** Clock with any origin (fractional ms). */
  now(): number
  /** Time for one query, from its first byte to the end of its answer (ms). */
  timeoutMs?: number
}

/** Lifetime of a stream, stalled or not: longer than a client waits. */
const defaultTimeoutMs = 5_000

export const createQueryServer = (deps: QueryServerDependencies): QueryServer => {
  const { source, budget, report, now, timeoutMs = defaultTimeoutMs } = deps
  const { tracer, logger } = deps.telemetry
  const log = logger('query')
  const stopping = new AbortController()

  /** `other`: a query of a later version, charged like any other. */
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
      if (request.ok) operation.span.setRemoteParent(parseTraceparent(request.value.trace))
      const response = respond(request.ok ? request.value : 'other', peer)
      const type = request.ok ? request.value.type : 'other'
      operation.span.setAttributes({
        type,
        status: response?.status ?? 'flood',
        entries: response?.entries.length ?? 0,
      })
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
      return runOperation(tracer, 'query_serve', signal, (operation) => serve(stream, peer, operation), { peer })
    },
    stop: () => stopping.abort(),
  }
}

/** As many groups as fit into one answer, each entry once. */
const fill = (groups: readonly (readonly Entry[])[]): Entry[] => {
  const entries: Entry[] = []
  // Records of one publisher share its identity.
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
