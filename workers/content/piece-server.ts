import type { Stream, StreamHandlerOptions } from '@libp2p/interface'
import { encode as varint } from 'uint8-varint'
import { Failure } from '../contract/failures.ts'
import { concatBytes, sameBytes } from '../protocol/bytes.ts'
import { PIECE_MESSAGE_MAX_BYTES } from '../protocol/limits.ts'
import {
  type PieceRequest,
  type PieceResponse,
  pieceRequestCodec,
  pieceResponseCodec,
} from '../protocol/piece-messages.ts'
import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { parseTraceparent } from '../telemetry/trace-context.ts'
import type { ContentStore } from './content-store.ts'
import { readFrames, toFrame } from './frames.ts'
import { createMessageSize } from './message-size.ts'
import { createRelayedQuota } from './relayed-quota.ts'

/**
 * Serves stored content to peers over `/ggen/piece/1.0.0`.
 *
 * Guarantees: answers in request order; never sends bytes that do not match their hash; holds a bounded number of
 * pieces per stream; aborts a stream that violates the protocol, stays idle or does not drain. Not guaranteed: that a
 * piece answered with `ok` is still available later.
 */
export interface PieceServer {
  /** Serves one inbound stream until it ends. Never rejects. */
  handle(stream: Stream, peer: string, options?: { relayed?: boolean }): Promise<void>
  /** Aborts all streams, and later ones immediately. */
  stop(): void
}

export interface PieceServerDependencies {
  content: Pick<ContentStore, 'piece' | 'manifestBytes'>
  telemetry: Telemetry
  /** Reports a piece sent to a peer, or its violation. */
  report(peer: string, event: { kind: 'sent'; bytes: number } | { kind: 'violation'; reason: string }): void
}

export interface PieceServerOptions {
  idleTimeoutMs?: number
  maxStreams?: number
}

/**
 * Options for `node.handle(PIECE_PROTOCOL, …)`: a fetch uses one stream, relayed where no direct connection can be
 * made.
 */
export const pieceHandlerOptions = {
  maxInboundStreams: 8,
  maxOutboundStreams: 8,
  runOnLimitedConnection: true,
} as const satisfies StreamHandlerOptions

/**
 * Time without a request or a sent answer after which a stream is aborted (ms): longer than any pause of a live fetch.
 */
const defaultIdleTimeoutMs = 60_000

/**
 * Maximum streams served; others are answered `refused`. At 3 MiB each (`readAhead`, `prefetchAhead`) they take 96 MiB.
 */
const defaultMaxStreams = 32

/** Maximum streams per peer: an install fetches three packages at a time, and a preview may run beside it. */
const maxStreamsPerPeer = 6

/** Maximum relayed streams: they share the one connection to the relay through which all other peers reach this tab. */
const maxRelayedStreams = 8
const maxRelayedStreamsPerPeer = 3

/** Maximum message size on a relayed connection (bytes): a message blocks its other streams. */
const relayedMessageBytes = 16 * 1024

/** Pieces read while earlier ones are being sent: 1 MiB. */
const readAhead = 4

/**
 * Pieces prefetched once a peer reads sequentially: 2 MiB. IndexedDB takes milliseconds per piece, many on a busy
 * device. Refills when half of them are used, so that four share one transaction.
 */
const prefetchAhead = 8

/** Maximum pending items per stream; an honest peer has 4, or the 16 of one full request. */
const maxPending = 64

export const createPieceServer = (
  { content, report, telemetry }: PieceServerDependencies,
  { idleTimeoutMs = defaultIdleTimeoutMs, maxStreams = defaultMaxStreams }: PieceServerOptions = {},
): PieceServer => {
  const sent = telemetry.meter.createCounter('piece_bytes_sent')
  const log = telemetry.logger('content')
  const stopping = new AbortController()
  const streams = new Set<Stream>()
  /** Excludes streams that are answered `refused`. */
  let serving = 0
  const servedByPeer = new Map<string, number>()
  let servingRelayed = 0
  const relayedByPeer = new Map<string, number>()
  const relayedQuota = createRelayedQuota(() => performance.now())
  let stopped = false

  const serve = async (
    stream: Stream,
    peer: string,
    refuse: boolean,
    relayed: boolean,
    { span }: Operation,
  ): Promise<void> => {
    let [pieces, sentBytes] = [0, 0]
    const pending: Wanted[] = []
    const loading: Promise<Answer>[] = []
    const read = createPieceReader(content)
    const messageSize = createMessageSize()
    const ended = Promise.withResolvers<void>()
    let sending = false
    let activeAt = performance.now()

    // Checks the clock when it fires, so that messages need not reset the timer.
    const watchIdle = (): void => {
      const left = activeAt + idleTimeoutMs - performance.now()
      if (left > 0) idle = setTimeout(watchIdle, Math.ceil(left))
      else stream.abort(new Failure('Timeout', { code: 'peer-idle' }))
    }
    let idle = setTimeout(watchIdle, idleTimeoutMs)
    const violation = (detail: string): void => {
      stopReading()
      log.debug('piece request refused', { peer, reason: detail })
      report(peer, { kind: 'violation', reason: detail })
      stream.abort(new Failure('RecordMalformed', { code: 'protocol-violation', detail }))
    }

    const sendAll = async (): Promise<void> => {
      if (sending) return
      sending = true
      try {
        while (pending.length > 0 || loading.length > 0) {
          while (loading.length < readAhead) {
            const next = pending.shift()
            if (next === undefined) break
            const refused = refuse || next.isUnsupported || (relayed && !relayedQuota.hasQuota(peer))
            loading.push(refused ? Promise.resolve(answer(next, 'refused')) : load(next, read))
          }
          const ready = await loading.shift()
          if (ready === undefined || stream.status !== 'open') return
          activeAt = performance.now()
          const bytes = ready.bytes.length
          const messageBytes = relayed ? Math.min(messageSize.bytes, relayedMessageBytes) : messageSize.bytes
          for (const message of toMessages(ready, messageBytes)) if (!stream.send(message)) await drained(stream)
          if (bytes === 0) continue
          messageSize.sent(bytes)
          pieces += 1
          sentBytes += bytes
          if (relayed) relayedQuota.sent(peer, bytes)
          sent.add(bytes)
          report(peer, { kind: 'sent', bytes })
        }
        if (stream.remoteWriteStatus !== 'writable') await stream.close()
      } catch (thrown) {
        // The remote side is gone, so no answer is possible.
        stream.abort(thrown instanceof Error ? thrown : new Error(String(thrown)))
      } finally {
        sending = false
      }
    }

    const stopReading = readFrames(stream, {
      maxLength: () => PIECE_MESSAGE_MAX_BYTES,
      onProtocolError: violation,
      onFrame(frame) {
        const request = pieceRequestCodec.decode(frame)
        // A later protocol version is not a violation: the peer can retry with an older one.
        if (!request.ok && request.name === 'RecordUnsupported') {
          return stream.abort(new Failure(request.name, { code: 'record-refused', detail: request.message }))
        }
        if (!request.ok) return violation(request.message)
        // The first request decides: a stream serves one fetch.
        span.setRemoteParent(parseTraceparent(request.value.trace))
        pending.push(...toWanted(request.value))
        if (pending.length > maxPending) return violation(`more than ${maxPending} open requests`)
        activeAt = performance.now()
        void sendAll()
      },
    })
    const onRemoteEnd = (): void => void sendAll()
    stream.addEventListener('close', () => ended.resolve(), { once: true })
    stream.addEventListener('remoteCloseWrite', onRemoteEnd, { once: true })
    if (stream.status !== 'open') ended.resolve()
    else if (stream.remoteWriteStatus !== 'writable' && stream.readBufferLength === 0) onRemoteEnd()
    await ended.promise
    clearTimeout(idle)
    stopReading()
    pending.length = 0
    span.setAttributes({ pieces, bytes: sentBytes })
  }

  return {
    async handle(stream, peer, { relayed = false } = {}) {
      if (stopped) return stream.abort(new Failure('PeerUnreachable', { code: 'node-stopping' }))
      const streamsOfPeer = servedByPeer.get(peer) ?? 0
      const refuse =
        serving >= maxStreams ||
        streamsOfPeer >= maxStreamsPerPeer ||
        (relayed && (servingRelayed >= maxRelayedStreams || (relayedByPeer.get(peer) ?? 0) >= maxRelayedStreamsPerPeer))
      const counts = relayed ? [servedByPeer, relayedByPeer] : [servedByPeer]
      if (!refuse) {
        serving += 1
        if (relayed) servingRelayed += 1
        for (const count of counts) count.set(peer, (count.get(peer) ?? 0) + 1)
      }
      streams.add(stream)
      try {
        const work = (operation: Operation): Promise<void> => serve(stream, peer, refuse, relayed, operation)
        await runOperation(telemetry.tracer, 'piece_serve', stopping.signal, work, { peer, relayed, refused: refuse })
      } finally {
        streams.delete(stream)
        if (!refuse) {
          serving -= 1
          if (relayed) servingRelayed -= 1
          for (const count of counts) {
            const left = (count.get(peer) ?? 1) - 1
            if (left > 0) count.set(peer, left)
            else count.delete(peer)
          }
        }
      }
    },
    stop() {
      stopped = true
      stopping.abort()
      for (const stream of streams) stream.abort(new Failure('PeerUnreachable', { code: 'node-stopping' }))
    },
  }
}

interface Wanted {
  id: number
  root: Uint8Array
  /** Undefined for the manifest. */
  piece: number | undefined
  /** A kind of request from a later version. */
  isUnsupported: boolean
}

interface Answer {
  /** Header frame, plus the length prefix of the bytes if any follow. */
  head: Uint8Array
  bytes: Uint8Array
}

const toWanted = ({ id, root, want }: PieceRequest): Wanted[] =>
  isPieceList(want)
    ? want.map((piece) => ({ id, root, piece, isUnsupported: false }))
    : [{ id, root, piece: undefined, isUnsupported: want !== 'manifest' }]

const isPieceList = (want: PieceRequest['want']): want is readonly number[] => Array.isArray(want)

type ReadPiece = (wanted: Wanted) => Promise<Uint8Array | undefined>

/** Reads the items requested on one stream, and prefetches pieces for sequential requests. */
const createPieceReader = (content: PieceServerDependencies['content']): ReadPiece => {
  const prefetched = new Map<number, Promise<Uint8Array | undefined>>()
  let last: { root: Uint8Array; piece: number } | undefined

  // A storage failure is answered like absent content; a failed prefetch has no effect.
  const readPiece = (root: Uint8Array, piece: number): Promise<Uint8Array | undefined> =>
    content.piece(root, piece).catch(() => undefined)

  return async ({ root, piece }) => {
    if (piece === undefined) return content.manifestBytes(root).catch(() => undefined)
    const sameRoot = last !== undefined && sameBytes(last.root, root)
    if (!sameRoot) prefetched.clear()
    const inSequence = sameRoot && piece - 1 === last?.piece
    last = { root, piece }
    const hit = prefetched.get(piece)
    for (const old of prefetched.keys()) if (old <= piece || !inSequence) prefetched.delete(old)
    const reading = hit ?? readPiece(root, piece)
    if (inSequence && prefetched.size <= prefetchAhead / 2) {
      for (let next = piece + 1; next <= piece + prefetchAhead; next += 1) {
        if (!prefetched.has(next)) prefetched.set(next, readPiece(root, next))
      }
    }
    // A piece that was absent when prefetched may have arrived since.
    return (await reading) ?? (hit === undefined ? undefined : readPiece(root, piece))
  }
}

const load = async (wanted: Wanted, read: ReadPiece): Promise<Answer> => {
  const bytes = await read(wanted)
  return answer(wanted, bytes === undefined ? 'absent' : 'ok', bytes)
}

const answer = (
  { id, piece }: Wanted,
  status: PieceResponse['status'],
  bytes: Uint8Array = new Uint8Array(),
): Answer => {
  const header = toFrame(
    pieceResponseCodec.encode({ v: 1, id, status, ...(piece === undefined ? {} : { piece }), size: bytes.length }),
  )
  return { head: bytes.length === 0 ? header : concatBytes([header, varint(bytes.length)]), bytes }
}

/** Splits an answer into messages. The head relayedQuota the first message, which is the only one copied. */
const toMessages = function* ({ head, bytes }: Answer, messageBytes: number): Generator<Uint8Array> {
  yield concatBytes([head, bytes.subarray(0, messageBytes)])
  for (let at = messageBytes; at < bytes.length; at += messageBytes) yield bytes.subarray(at, at + messageBytes)
}

/**
 * Resolves when the stream is writable again, rejects when it closes. Not `stream.onDrain`: it reuses a promise that
 * stays resolved after the first drain (@libp2p/utils 7).
 */
const drained = (stream: Stream): Promise<void> =>
  new Promise((resolve, reject) => {
    if (!stream.writableNeedsDrain) return resolve()
    const settle = (): void => {
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('close', onClose)
    }
    const onDrain = (): void => {
      settle()
      resolve()
    }
    const onClose = (): void => {
      settle()
      reject(new Failure('PeerUnreachable', { code: 'stream-closed' }))
    }
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('close', onClose)
    if (stream.status !== 'open') onClose()
  })
