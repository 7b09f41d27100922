import type { Stream } from '@libp2p/interface'
import { Failure, isFailure } from '../contract/failures.ts'
import type { Entry } from '../protocol/entry.ts'
import { peekHead } from '../protocol/head.ts'
import { MAX_QUERY_PACKAGES, QUERY_RESPONSE_MAX_BYTES } from '../protocol/limits.ts'
import {
  type DescribeRequest,
  type QueryRequest,
  queryRequestCodec,
  queryResponseCodec,
  type SearchRequest,
} from '../protocol/query-messages.ts'
import { peekRelease } from '../protocol/release.ts'
import { messagesOver } from '../stack/message-stream.ts'
import { createSemaphore } from '../stack/semaphore.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { traceField } from '../telemetry/trace-context.ts'
import { type FanOut, fanOut, type Outcome } from './fan-out.ts'

/**
 * Queries the best connected peers for packages that this catalogue lacks.
 *
 * Guarantees: answers enter the catalogue only through `ingest`, which verifies every signature; a peer that sends
 * entries that fail verification or were not requested is reported; each query ends within a few seconds. Does not
 * guarantee to find every existing package: a peer may withhold entries.
 */
export interface QueryClient {
  search(query: Omit<SearchRequest, 'v' | 'type' | 'limit' | 'trace'>, operation: Operation): Promise<FanOut>
  /** Ends with the first peer that knows the package. */
  describe(query: Omit<DescribeRequest, 'v' | 'type' | 'trace'>, operation: Operation): Promise<FanOut>
}

export interface QueryClientDependencies {
  telemetry: Telemetry
  /** Connected peers that support the protocol. */
  peers(): readonly string[]
  /** Ranks them, best first, and omits banned ones. */
  rank(peers: readonly string[], options: { count: number }): string[]
  openStream(peer: string, operation: Operation): Promise<Stream>
  /** Verifies entries and adds them to the catalogue. */
  ingest(entries: readonly Entry[], from: string, operation: Operation): Promise<Ingested>
  observe(peer: string, event: { kind: 'ok'; ms: number } | { kind: 'failed' }): void
  /** Reports a violation. */
  drop(peer: string, fault: 'signature' | 'malformed'): void
  /** Clock with any origin (fractional ms). */
  now(): number
  timing?: Partial<QueryTiming>
}

export interface Ingested {
  /** Entries whose bytes are invalid. */
  readonly rejected: number
  /** Of these, the forged ones. */
  readonly forged: number
}

export interface QueryTiming {
  /** Timeout of an answer (ms), which takes a round trip or two and 0.2 s over 100,000 packages. */
  readonly answerMs: number
  /** Delay before a slow peer is hedged (ms): several times that of a good peer, when a person begins to notice. */
  readonly hedgeMs: number
  /** Pause after a peer refused a query (ms), in which its budget refills for 20 queries. */
  readonly restMs: number
}

const defaultTiming: QueryTiming = { answerMs: 2_000, hedgeMs: 300, restMs: 2_000 }

/** Peers asked at first and in total: packages unknown to three good peers are rarely known to more. */
const width = 3
const mostPeers = 5

/** Limits on pending requests per peer and on concurrent queries. */
const perPeer = 3
const atATime = 3

export const createQueryClient = (deps: QueryClientDependencies): QueryClient => {
  const { now, observe, drop } = deps
  const log = deps.telemetry.logger('query')
  const { answerMs, hedgeMs, restMs } = { ...defaultTiming, ...deps.timing }
  const questions = createSemaphore(atATime)
  const openByPeer = new Map<string, number>()
  const restingUntil = new Map<string, number>()

  const isResting = (peer: string): boolean => {
    const until = restingUntil.get(peer)
    if (until === undefined) return false
    if (until > now()) return true
    restingUntil.delete(peer)
    return false
  }

  /** @throws Failure */
  const exchange = async (
    peer: string,
    request: QueryRequest,
    operation: Operation,
  ): Promise<readonly Entry[] | 'refused'> => {
    const { signal } = operation
    const stream = await deps.openStream(peer, operation)
    try {
      const messages = messagesOver(stream, { maxBytes: QUERY_RESPONSE_MAX_BYTES, signal })
      await messages.send(queryRequestCodec.encode({ ...request, ...traceField(operation.span) }))
      const response = queryResponseCodec.decode(await messages.receive())
      if (!response.ok) throw new Failure(response.name, { code: 'record-refused', detail: response.message })
      stream.close({ signal }).catch((error: Error) => stream.abort(error))
      return response.value.status === 'ok' ? response.value.entries : 'refused'
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
      throw error
    }
  }

  const ask = async (peer: string, request: QueryRequest, operation: Operation): Promise<Outcome> => {
    openByPeer.set(peer, (openByPeer.get(peer) ?? 0) + 1)
    const started = now()
    try {
      const entries = await exchange(peer, request, operation.withTimeout(answerMs))
      if (entries === 'refused') {
        restingUntil.set(peer, now() + restMs)
        operation.span.setAttributes({ refused: true })
        return 'failed'
      }
      operation.span.setAttributes({ entries: entries.length })
      const ms = now() - started
      assertAsked(request, entries)
      const fault = entries.length === 0 ? undefined : faultOf(await deps.ingest(entries, peer, operation))
      if (fault === 'signature') drop(peer, fault)
      else observe(peer, fault === undefined ? { kind: 'ok', ms } : { kind: 'failed' })
      log.debug('query answered', { peer, type: request.type, entries: entries.length, fault: fault ?? 'none' })
      if (fault !== undefined) return 'failed'
      return request.type === 'describe' && entries.some(({ kind }) => kind === 'release') ? 'enough' : 'answered'
    } catch (error) {
      if (operation.signal.aborted) return 'failed'
      log.debug('query failed', { peer, type: request.type, error: String(error) })
      if (isFailure(error, 'RecordMalformed') || isFailure(error, 'RecordTooLarge')) drop(peer, 'malformed')
      else observe(peer, { kind: 'failed' })
      return 'failed'
    } finally {
      const left = (openByPeer.get(peer) ?? 1) - 1
      if (left > 0) openByPeer.set(peer, left)
      else openByPeer.delete(peer)
    }
  }

  /** Its span may end after the query, which does not wait for slow peers; their answers are still used. */
  const askMeasured = (peer: string, request: QueryRequest, operation: Operation): Promise<Outcome> => {
    const measured = async (asking: Operation): Promise<Outcome> => {
      const started = now()
      const outcome = await ask(peer, request, asking)
      asking.span.setAttributes({ outcome, ms: now() - started })
      return outcome
    }
    return operation.run('peer_query', measured, { peer, type: request.type })
  }

  /** Once a query, so its span costs little although it is short. */
  const select = (operation: Operation): readonly string[] => {
    const { span } = operation.start('peer_selection')
    const all = deps.peers()
    const free = all.filter((peer) => !isResting(peer) && (openByPeer.get(peer) ?? 0) < perPeer)
    const peers = deps.rank(free, { count: mostPeers })
    span.setAttributes({ candidates: all.length, filtered: all.length - free.length, count: peers.length })
    span.end()
    return peers
  }

  const askBest = async (request: QueryRequest, operation: Operation): Promise<FanOut> => {
    let release: () => void
    try {
      release = await questions.acquire(operation.signal)
    } catch {
      return { asked: 0, answered: 0 }
    }
    try {
      const peers = select(operation)
      const askOne = (peer: string): Promise<Outcome> => askMeasured(peer, request, operation)
      return await fanOut(peers, askOne, { width, hedgeMs, operation })
    } finally {
      release()
    }
  }

  return {
    search: (query, operation) => askBest({ v: 1, type: 'search', ...query, limit: MAX_QUERY_PACKAGES }, operation),
    describe: (query, operation) => askBest({ v: 1, type: 'describe', ...query }, operation),
  }
}

/** @throws Failure `RecordMalformed` for entries that were not requested. */
const assertAsked = (request: QueryRequest, entries: readonly Entry[]): void => {
  const isAsked =
    request.type === 'search'
      ? entries.filter(({ kind }) => kind === 'head').length <= request.limit
      : entries.every((entry) => isAbout(entry, request))
  if (!isAsked) throw new Failure('RecordMalformed', { code: 'protocol-violation', detail: 'unrequested packages' })
}

/** Verification handles undecodable entries. */
const isAbout = ({ kind, bytes }: Entry, { publisher, slug }: DescribeRequest): boolean => {
  if (kind !== 'head' && kind !== 'release') return true
  const peeked = kind === 'head' ? peekHead(bytes) : peekRelease(bytes)
  return !peeked.ok || (peeked.value.publisher === publisher && peeked.value.slug === slug)
}

/**
 * The violation of an answer. An honest peer verifies signatures before it sends entries, so a forged one is deliberate.
 * Entries that are useless here may serve a peer with more records or a newer version.
 */
const faultOf = ({ rejected, forged }: Ingested): 'signature' | 'useless' | undefined =>
  forged > 0 ? 'signature' : rejected > 0 ? 'useless' : undefined
