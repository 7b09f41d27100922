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
import { runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { ContentStore } from './content-store.ts'
import { readFrames, toFrame } from './frames.ts'
import { createMessageSize } from './message-size.ts'
import { createRelayedShares } from './relayed-shares.ts'

/**
 * Gives others the content that is here, over `/ggen/piece/1.0.0`.
 *
 * Guarantees: answers in the order of the requests; never sends bytes that do not fit their hash; holds a bounded
 * number of pieces for each stream; a stream that breaks a rule, stands idle or does not drain is aborted.
 * Not guaranteed: that a piece of which it said `ok` a moment ago is still here.
 */
export interface PieceServer {
  /** Serves one inbound stream, over a relayed connection or not; resolves when it has ended. Never rejects. */
  handle(stream: Stream, peer: string, options?: { relayed?: boolean }): Promise<void>
  /** Aborts every stream; later ones are aborted at once. */
  stop(): void
}

export interface PieceServerDependencies {
  content: Pick<ContentStore, 'piece' | 'manifestBytes'>
  telemetry: Telemetry
  /** A peer was served a piece, or broke the protocol. */
  report(peer: string, event: { kind: 'sent'; bytes: number } | { kind: 'violation'; reason: string }): void
}

export interface PieceServerOptions {
  idleTimeoutMs?: number
  maxStreams?: number
}

/**
 * For `node.handle(PIECE_PROTOCOL, …)`: one fetch uses one stream, over a relayed connection where no direct one can
 * be made.
 */
export const pieceHandlerOptions = {
  maxInboundStreams: 8,
  maxOutboundStreams: 8,
  runOnLimitedConnection: true,
} as const satisfies StreamHandlerOptions

/** Neither a request nor room to send for this long ends a stream, ms: longer than any pause of a live fetch. */
const defaultIdleTimeoutMs = 60_000

/** Streams that are served at a time; more are answered `refused`. At 3 MiB each (`readAhead`, `guessAhead`) that is 96 MiB. */
const defaultMaxStreams = 32

/** Of those, for one peer: an install of several packages fetches three at a time, and a preview may go on beside it. */
const maxStreamsPerPeer = 6

/**
 * Of those, streams over relayed connections: what they carry passes through our one connection to the relay, by which
 * everybody else reaches this tab.
 */
const maxRelayedStreams = 8
const maxRelayedStreamsPerPeer = 3

/** Most bytes in one message over a relayed connection: what other streams wait for there. */
const relayedMessageBytes = 16 * 1024

/** Pieces read while earlier ones are being sent, 1 MiB. */
const readAhead = 4

/**
 * Pieces read before they are asked for, once a peer asks for one after the other, 2 MiB: IndexedDB takes milliseconds
 * for a piece, many on a busy device. More are read when half of them are used up, so that four share one transaction.
 */
const guessAhead = 8

/** Things asked for on one stream and not yet answered; an honest peer has 4, or the 16 of one full request. */
const maxWaiting = 64

export const createPieceServer = (
  { content, report, telemetry }: PieceServerDependencies,
  { idleTimeoutMs = defaultIdleTimeoutMs, maxStreams = defaultMaxStreams }: PieceServerOptions = {},
): PieceServer => {
  const sent = telemetry.meter.createCounter('ggen.piece.sent', {
    unit: 'By',
    description: 'Bytes of pieces and manifests sent to peers',
  })
  const log = telemetry.logger('content')
  const stopping = new AbortController()
  const streams = new Set<Stream>()
  /** Without those that are answered `refused`. */
  let serving = 0
  const servedByPeer = new Map<string, number>()
  let servingRelayed = 0
  const relayedByPeer = new Map<string, number>()
  const shares = createRelayedShares(() => performance.now())
  let stopped = false

  const serve = async (stream: Stream, peer: string, refuse: boolean, relayed: boolean): Promise<void> => {
    const waiting: Wanted[] = []
    const loading: Promise<Answer>[] = []
    const read = createPieceReader(content)
    const messageSize = createMessageSize()
    const ended = Promise.withResolvers<void>()
    let sending = false
    let movedAt = performance.now()

    // The timer is not set anew for every message: it looks at the clock when it fires.
    const watchIdle = (): void => {
      const left = movedAt + idleTimeoutMs - performance.now()
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
        while (waiting.length > 0 || loading.length > 0) {
          while (loading.length < readAhead) {
            const next = waiting.shift()
            if (next === undefined) break
            const refused = refuse || next.isOther || (relayed && !shares.hasLeft(peer))
            loading.push(refused ? Promise.resolve(answer(next, 'refused')) : load(next, read))
          }
          const ready = await loading.shift()
          if (ready === undefined || stream.status !== 'open') return
          movedAt = performance.now()
          const bytes = ready.bytes.length
          const most = relayed ? Math.min(messageSize.bytes, relayedMessageBytes) : messageSize.bytes
          for (const message of toMessages(ready, most)) if (!stream.send(message)) await drained(stream)
          if (bytes === 0) continue
          messageSize.sent(bytes)
          if (relayed) shares.sent(peer, bytes)
          sent.add(bytes)
          report(peer, { kind: 'sent', bytes })
        }
        if (stream.remoteWriteStatus !== 'writable') await stream.close()
      } catch (thrown) {
        // The other side is gone; there is nobody to tell.
        stream.abort(thrown instanceof Error ? thrown : new Error(String(thrown)))
      } finally {
        sending = false
      }
    }

    const stopReading = readFrames(stream, {
      maxLength: () => PIECE_MESSAGE_MAX_BYTES,
      onFault: violation,
      onFrame(frame) {
        const request = pieceRequestCodec.decode(frame)
        // A later version is nobody's fault: the stream ends, and the peer can offer an older one.
        if (!request.ok && request.name === 'RecordUnsupported') {
          return stream.abort(new Failure(request.name, { code: 'record-refused', detail: request.message }))
        }
        if (!request.ok) return violation(request.message)
        waiting.push(...toWanted(request.value))
        if (waiting.length > maxWaiting) return violation(`more than ${maxWaiting} open requests`)
        movedAt = performance.now()
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
    waiting.length = 0
  }

  return {
    async handle(stream, peer, { relayed = false } = {}) {
      if (stopped) return stream.abort(new Failure('PeerUnreachable', { code: 'node-stopping' }))
      const ofPeer = servedByPeer.get(peer) ?? 0
      const refuse =
        serving >= maxStreams ||
        ofPeer >= maxStreamsPerPeer ||
        (relayed && (servingRelayed >= maxRelayedStreams || (relayedByPeer.get(peer) ?? 0) >= maxRelayedStreamsPerPeer))
      const counts = relayed ? [servedByPeer, relayedByPeer] : [servedByPeer]
      if (!refuse) {
        serving += 1
        if (relayed) servingRelayed += 1
        for (const count of counts) count.set(peer, (count.get(peer) ?? 0) + 1)
      }
      streams.add(stream)
      try {
        await runOperation(telemetry.tracer, 'content.serve', stopping.signal, () =>
          serve(stream, peer, refuse, relayed),
        )
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
  /** Undefined asks for the manifest. */
  piece: number | undefined
  /** Something that only a later version knows how to give. */
  isOther: boolean
}

interface Answer {
  /** The header's frame; where bytes follow, their length too. */
  head: Uint8Array
  bytes: Uint8Array
}

const toWanted = ({ id, root, want }: PieceRequest): Wanted[] =>
  isPieceList(want)
    ? want.map((piece) => ({ id, root, piece, isOther: false }))
    : [{ id, root, piece: undefined, isOther: want !== 'manifest' }]

const isPieceList = (want: PieceRequest['want']): want is readonly number[] => Array.isArray(want)

type ReadPiece = (wanted: Wanted) => Promise<Uint8Array | undefined>

/** Reads what one stream asks for, and guesses what it will ask for next. */
const createPieceReader = (content: PieceServerDependencies['content']): ReadPiece => {
  const guessed = new Map<number, Promise<Uint8Array | undefined>>()
  let last: { root: Uint8Array; piece: number } | undefined

  // Storage that fails is as good as content that is not here; a guess that failed is nobody's concern.
  const readPiece = (root: Uint8Array, piece: number): Promise<Uint8Array | undefined> =>
    content.piece(root, piece).catch(() => undefined)

  return async ({ root, piece }) => {
    if (piece === undefined) return content.manifestBytes(root).catch(() => undefined)
    const sameRoot = last !== undefined && sameBytes(last.root, root)
    if (!sameRoot) guessed.clear()
    const inSequence = sameRoot && piece - 1 === last?.piece
    last = { root, piece }
    const guess = guessed.get(piece)
    for (const old of guessed.keys()) if (old <= piece || !inSequence) guessed.delete(old)
    const reading = guess ?? readPiece(root, piece)
    if (inSequence && guessed.size <= guessAhead / 2) {
      for (let next = piece + 1; next <= piece + guessAhead; next += 1) {
        if (!guessed.has(next)) guessed.set(next, readPiece(root, next))
      }
    }
    // What was not here when it was guessed may have come since.
    return (await reading) ?? (guess === undefined ? undefined : readPiece(root, piece))
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

/** What is sent at a time: the head goes with the first bytes, and only those are copied. */
const toMessages = function* ({ head, bytes }: Answer, messageBytes: number): Generator<Uint8Array> {
  yield concatBytes([head, bytes.subarray(0, messageBytes)])
  for (let at = messageBytes; at < bytes.length; at += messageBytes) yield bytes.subarray(at, at + messageBytes)
}

/**
 * Resolves when the stream takes more, rejects when it closes. Not `stream.onDrain`: the promise that it gives is kept
 * and stays resolved after the first time (@libp2p/utils 7), so that a second wait would not wait.
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
