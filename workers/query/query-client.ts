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
import { type FanOut, fanOut, type Outcome } from './fan-out.ts'

/**
 * Asks the best of the connected peers for packages that the catalogue here lacks.
 *
 * Guarantees: what comes is taken in only through `ingest`, which checks every signature; a peer that sends what does
 * not verify, or what was not asked for, is dropped and remembered; each question ends within a few seconds, whatever
 * the peers do. Not guaranteed: that what exists is found. A peer may keep back what it knows.
 */
export interface QueryClient {
  search(query: Omit<SearchRequest, 'v' | 'type' | 'limit'>, operation: Operation): Promise<FanOut>
  /** Ends with the first peer that knows the package. */
  describe(query: Omit<DescribeRequest, 'v' | 'type'>, operation: Operation): Promise<FanOut>
}

export interface QueryClientDependencies {
  telemetry: Telemetry
  /** Connected peers that speak the protocol. */
  peers(): readonly string[]
  /** The best of them, best first, without those that are banned. */
  rank(peers: readonly string[], options: { count: number }): string[]
  openStream(peer: string, operation: Operation): Promise<Stream>
  /** Verifies and takes in. */
  ingest(entries: readonly Entry[], from: string, operation: Operation): Promise<Ingested>
  observe(peer: string, event: { kind: 'ok'; ms: number } | { kind: 'failed' }): void
  /** A peer broke the rules. */
  drop(peer: string, fault: 'signature' | 'malformed'): void
  /** Milliseconds with fractions, of any origin. */
  now(): number
  timing?: Partial<QueryTiming>
}

export interface Ingested {
  /** Entries that are invalid by what their bytes hold. */
  readonly rejected: number
  /** Of these, those that only a forger sends. */
  readonly forged: number
}

export interface QueryTiming {
  /** An answer takes a round trip or two and, over 100,000 packages, 0.2 s: what takes longer will not come, ms. */
  readonly answerMs: number
  /** Several times what a good peer takes; a person begins to notice, ms. */
  readonly hedgeMs: number
  /** A peer that said it was asked too much is left alone for so long, ms: it has room for 20 questions by then. */
  readonly restMs: number
}

const defaultTiming: QueryTiming = { answerMs: 2_000, hedgeMs: 300, restMs: 2_000 }

/** Peers asked at once, and at most: what three good ones do not know, more of them rarely do. */
const width = 3
const mostPeers = 5

/** Questions to one peer that wait for their answer, and questions that are asked of peers at a time. */
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

  /** @throws Failure what went wrong, by name. */
  const exchange = async (
    peer: string,
    request: QueryRequest,
    operation: Operation,
  ): Promise<readonly Entry[] | 'refused'> => {
    const { signal } = operation
    const stream = await deps.openStream(peer, operation)
    try {
      const messages = messagesOver(stream, { maxBytes: QUERY_RESPONSE_MAX_BYTES, signal })
      await messages.send(queryRequestCodec.encode(request))
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
        return 'failed'
      }
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

  const askBest = async (request: QueryRequest, operation: Operation): Promise<FanOut> => {
    let release: () => void
    try {
      release = await questions.acquire(operation.signal)
    } catch {
      return { asked: 0, answered: 0 }
    }
    try {
      const free = deps.peers().filter((peer) => !isResting(peer) && (openByPeer.get(peer) ?? 0) < perPeer)
      const peers = deps.rank(free, { count: mostPeers })
      return await fanOut(peers, (peer) => ask(peer, request, operation), { width, hedgeMs, operation })
    } finally {
      release()
    }
  }

  return {
    search: (query, operation) => askBest({ v: 1, type: 'search', ...query, limit: MAX_QUERY_PACKAGES }, operation),
    describe: (query, operation) => askBest({ v: 1, type: 'describe', ...query }, operation),
  }
}

/** @throws Failure `RecordMalformed` for entries that are no answer to the request. */
const assertAsked = (request: QueryRequest, entries: readonly Entry[]): void => {
  const isAsked =
    request.type === 'search'
      ? entries.filter(({ kind }) => kind === 'head').length <= request.limit
      : entries.every((entry) => isAbout(entry, request))
  if (!isAsked) throw new Failure('RecordMalformed', { code: 'protocol-violation', detail: 'unrequested packages' })
}

/** What cannot be read is left to those who verify it. */
const isAbout = ({ kind, bytes }: Entry, { publisher, slug }: DescribeRequest): boolean => {
  if (kind !== 'head' && kind !== 'release') return true
  const peeked = kind === 'head' ? peekHead(bytes) : peekRelease(bytes)
  return !peeked.ok || (peeked.value.publisher === publisher && peeked.value.slug === slug)
}

/**
 * What an answer says of its sender. An honest peer has checked the signatures of what it sends, so a forged one was made
 * up. Entries that are useless here may serve a peer that knows more, or is newer.
 */
const faultOf = ({ rejected, forged }: Ingested): 'signature' | 'useless' | undefined =>
  forged > 0 ? 'signature' : rejected > 0 ? 'useless' : undefined
