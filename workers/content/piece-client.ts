import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { Failure } from '../contract/failures.ts'
import { MANIFEST_MAX_BYTES, PIECE_MESSAGE_MAX_BYTES } from '../protocol/limits.ts'
import {
  type PieceRequest,
  type PieceResponse,
  pieceRequestCodec,
  pieceResponseCodec,
} from '../protocol/piece-messages.ts'
import { noSpan } from '../telemetry/no-telemetry.ts'
import type { Span } from '../telemetry/telemetry.ts'
import { traceField } from '../telemetry/trace-context.ts'
import { readFrames, toFrame } from './frames.ts'

/**
 * Requests content from one peer over one `/ggen/piece/1.0.0` stream, with concurrent requests.
 *
 * Answers have the requested size; the caller verifies hashes. The caller also bounds outstanding requests: a WebRTC
 * stream fails once 4 MiB are unread, and only fewer requests slow the sender down.
 *
 * Requests reject with a `Failure`: `RecordMalformed` on a protocol error (the stream is aborted), `Timeout` when the
 * peer is too slow, `PeerUnreachable` when the peer or the stream is gone.
 */
export interface PieceClient {
  manifest(root: Uint8Array): Promise<PieceAnswer>
  /** Requests 1 to 16 pieces, ascending, in one message. Returns one answer per piece, in the same order. */
  pieces(root: Uint8Array, wanted: readonly WantedPiece[]): Promise<PieceAnswer>[]
  /** Aborts the stream and rejects pending requests. */
  close(): void
}

export interface WantedPiece {
  readonly piece: number
  /** Size according to the manifest (bytes). */
  readonly size: number
}

export type PieceAnswer =
  | { status: 'ok'; bytes: Uint8Array }
  /** The peer does not have it. */
  | { status: 'absent' }
  /** The peer declines to serve now. */
  | { status: 'refused' }

export interface PieceClientOptions {
  /** The span of the requests. */
  span?: Span
  stallTimeoutMs?: number
  answerTimeoutMs?: number
}

/** Time without a byte while requests are pending (ms): several retransmissions on a bad link. */
const defaultStallTimeoutMs = 10_000

/**
 * Time to complete the next answer while requests are pending (ms): 256 KiB at 4 KiB/s. Without it a peer could stall a
 * piece forever by sending a byte at a time.
 */
const defaultAnswerTimeoutMs = 60_000

export const createPieceClient = (
  stream: Stream,
  {
    stallTimeoutMs = defaultStallTimeoutMs,
    answerTimeoutMs = defaultAnswerTimeoutMs,
    span = noSpan,
  }: PieceClientOptions = {},
): PieceClient => {
  /** Unanswered requests, by request id and piece. */
  const pending = new Map<string, Pending>()
  const trace = traceField(span)
  let nextId = 0
  let failure: Failure | undefined
  /** The request whose bytes follow. */
  let incoming: { key: string; size: number } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastByteAt = 0
  /** Time of the last complete answer, or of the first request (ms). */
  let answeredAt = 0

  const end = (reason: Failure): void => {
    if (failure !== undefined) return
    failure = reason
    clearTimeout(timer)
    stopReading()
    stream.removeEventListener('close', onClose)
    stream.removeEventListener('remoteCloseWrite', onRemoteEnd)
    const unanswered = [...pending.values()]
    pending.clear()
    // Not `stream.close()`: it waits for the remote side, which may never close its end.
    stream.abort(reason)
    for (const { reject } of unanswered) reject(reason)
  }
  const protocolError = (detail: string): void =>
    end(new Failure('RecordMalformed', { code: 'protocol-violation', detail }))

  // Checks the clock when it fires, so that messages need not reset the timer.
  const watch = (): void => {
    timer = undefined
    if (pending.size === 0) return
    const stalledIn = lastByteAt + stallTimeoutMs - performance.now()
    const lateIn = answeredAt + answerTimeoutMs - performance.now()
    if (stalledIn <= 0) end(new Failure('Timeout', { code: 'peer-stalled' }))
    else if (lateIn <= 0) end(new Failure('Timeout', { code: 'peer-too-slow' }))
    else timer = setTimeout(watch, Math.ceil(Math.min(stalledIn, lateIn)))
  }
  const startWatch = (): void => {
    lastByteAt = performance.now()
    answeredAt = lastByteAt
    timer ??= setTimeout(watch, Math.min(stallTimeoutMs, answerTimeoutMs))
  }

  const settle = (key: string, answer: PieceAnswer): void => {
    const request = pending.get(key)
    pending.delete(key)
    answeredAt = performance.now()
    request?.resolve(answer)
  }

  const readHeader = (frame: Uint8Array): void => {
    const header = pieceResponseCodec.decode(frame)
    if (!header.ok) {
      if (header.name === 'RecordUnsupported')
        end(new Failure(header.name, { code: 'record-refused', detail: header.message }))
      else protocolError(header.message)
      return
    }
    const { id, status, piece, size } = header.value
    const key = keyOf(id, piece)
    const request = pending.get(key)
    if (request === undefined) protocolError('answer without a request')
    else if (status !== 'ok') settle(key, { status: status === 'absent' ? 'absent' : 'refused' })
    else if (request.acceptsSize(size)) incoming = { key, size }
    else protocolError(`announced size of ${size} bytes`)
  }

  const stopReading = readFrames(stream, {
    maxLength: () => incoming?.size ?? PIECE_MESSAGE_MAX_BYTES,
    onBytes() {
      lastByteAt = performance.now()
    },
    onProtocolError: protocolError,
    onFrame(frame) {
      if (incoming === undefined) return readHeader(frame)
      const { key, size } = incoming
      incoming = undefined
      if (frame.length !== size) return protocolError('fewer bytes than announced')
      settle(key, { status: 'ok', bytes: frame })
    },
  })
  const unreachable = (): Failure => new Failure('PeerUnreachable', { code: 'peer-left' })
  const onClose = (_event: StreamCloseEvent): void => end(unreachable())
  const onRemoteEnd = (): void => {
    // Buffered messages are dispatched before the close event.
    if (stream.readBufferLength === 0) end(unreachable())
  }
  stream.addEventListener('close', onClose)
  stream.addEventListener('remoteCloseWrite', onRemoteEnd)

  const takeId = (): number => {
    if (failure === undefined && stream.status !== 'open') end(unreachable())
    const id = nextId
    nextId += 1
    return id
  }
  const answerTo = (
    id: number,
    piece: PieceResponse['piece'],
    acceptsSize: Pending['acceptsSize'],
  ): Promise<PieceAnswer> => {
    if (failure !== undefined) return Promise.reject(failure)
    if (pending.size === 0) startWatch()
    const { promise, resolve, reject } = Promise.withResolvers<PieceAnswer>()
    pending.set(keyOf(id, piece), { acceptsSize, resolve, reject })
    return promise
  }
  const send = (request: PieceRequest): void => {
    if (failure !== undefined) return
    const frame = toFrame(pieceRequestCodec.encode({ ...request, ...trace }))
    try {
      // Ignores backpressure: requests are small, and the caller's window bounds them.
      stream.send(frame)
    } catch {
      end(unreachable())
    }
  }

  return {
    manifest(root) {
      const id = takeId()
      const answer = answerTo(id, undefined, (size) => size <= MANIFEST_MAX_BYTES)
      send({ v: 1, id, root, want: 'manifest' })
      return answer
    },
    pieces(root, wanted) {
      const id = takeId()
      const answers = wanted.map(({ piece, size }) => answerTo(id, piece, (announced) => announced === size))
      send({ v: 1, id, root, want: wanted.map(({ piece }) => piece) })
      return answers
    },
    close: () => end(new Failure('PeerUnreachable', { code: 'stream-closed' })),
  }
}

const keyOf = (id: number, piece: PieceResponse['piece']): string => `${id}:${piece ?? ''}`

interface Pending {
  acceptsSize(size: number): boolean
  resolve(answer: PieceAnswer): void
  reject(reason: Failure): void
}
