import type { Stream, StreamCloseEvent } from '@libp2p/interface'
import { Failure } from '../contract/failures.ts'
import { MANIFEST_MAX_BYTES, PIECE_MESSAGE_MAX_BYTES } from '../protocol/limits.ts'
import {
  type PieceRequest,
  type PieceResponse,
  pieceRequestCodec,
  pieceResponseCodec,
} from '../protocol/piece-messages.ts'
import { readFrames, toFrame } from './frames.ts'

/**
 * Asks one peer for content, over one `/ggen/piece/1.0.0` stream, many requests at a time.
 *
 * What comes has the size that was asked for; whether it has the hash is for the caller to see. How much is asked for
 * at a time is the caller's too: a WebRTC stream that is not read fast enough is lost past 4 MiB, and nothing slows
 * the sender but the asking.
 *
 * Requests reject with a `Failure`: `RecordMalformed` when the peer broke the protocol (its stream is aborted),
 * `Timeout` when it was too slow, `PeerUnreachable` when it or the stream is gone.
 */
export interface PieceClient {
  manifest(root: Uint8Array): Promise<PieceAnswer>
  /** Asks for 1 to 16 pieces, ascending, in one request; an answer for each, in their order. */
  pieces(root: Uint8Array, wanted: readonly WantedPiece[]): Promise<PieceAnswer>[]
  /** Ends the stream; what is not answered yet rejects. */
  close(): void
}

export interface WantedPiece {
  readonly piece: number
  /** What the manifest says that it has, bytes. */
  readonly size: number
}

export type PieceAnswer =
  | { status: 'ok'; bytes: Uint8Array }
  /** The peer does not hold it. */
  | { status: 'absent' }
  /** The peer does not serve now. */
  | { status: 'refused' }

export interface PieceClientOptions {
  stallTimeoutMs?: number
  answerTimeoutMs?: number
}

/** With requests open, no byte for this long means that the peer is gone, ms: several retransmissions of a bad link. */
const defaultStallTimeoutMs = 10_000

/**
 * With requests open, each next answer must be whole within this, ms: 256 KiB at 4 KiB a second. Without it a peer
 * could hold a piece for ever, a byte at a time.
 */
const defaultAnswerTimeoutMs = 60_000

export const createPieceClient = (
  stream: Stream,
  { stallTimeoutMs = defaultStallTimeoutMs, answerTimeoutMs = defaultAnswerTimeoutMs }: PieceClientOptions = {},
): PieceClient => {
  /** What is not answered yet, by request and piece. */
  const pending = new Map<string, Pending>()
  let nextId = 0
  let failure: Failure | undefined
  /** The request whose bytes come next. */
  let incoming: { key: string; size: number } | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let lastByteAt = 0
  /** When the last answer was whole, or the first request was sent. */
  let answeredAt = 0

  const end = (reason: Failure): void => {
    if (failure !== undefined) return
    failure = reason
    clearTimeout(timer)
    stopReading()
    stream.removeEventListener('close', onClose)
    stream.removeEventListener('remoteCloseWrite', onRemoteEnd)
    const open = [...pending.values()]
    pending.clear()
    // Not `stream.close()`: it waits for the other side, which may never close its end.
    stream.abort(reason)
    for (const { reject } of open) reject(reason)
  }
  const lie = (detail: string): void => end(new Failure('RecordMalformed', { code: 'protocol-violation', detail }))

  // The timer is not set anew for every message: it looks at the clock when it fires.
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
    const asked = pending.get(key)
    pending.delete(key)
    answeredAt = performance.now()
    asked?.resolve(answer)
  }

  const readHeader = (frame: Uint8Array): void => {
    const header = pieceResponseCodec.decode(frame)
    if (!header.ok) {
      if (header.name === 'RecordUnsupported')
        end(new Failure(header.name, { code: 'record-refused', detail: header.message }))
      else lie(header.message)
      return
    }
    const { id, status, piece, size } = header.value
    const key = keyOf(id, piece)
    const asked = pending.get(key)
    if (asked === undefined) lie('answer to no request')
    else if (status !== 'ok') settle(key, { status: status === 'absent' ? 'absent' : 'refused' })
    else if (asked.fits(size)) incoming = { key, size }
    else lie(`announced size of ${size} bytes`)
  }

  const stopReading = readFrames(stream, {
    maxLength: () => incoming?.size ?? PIECE_MESSAGE_MAX_BYTES,
    onBytes() {
      lastByteAt = performance.now()
    },
    onFault: lie,
    onFrame(frame) {
      if (incoming === undefined) return readHeader(frame)
      const { key, size } = incoming
      incoming = undefined
      if (frame.length !== size) return lie('fewer bytes than announced')
      settle(key, { status: 'ok', bytes: frame })
    },
  })
  const gone = (): Failure => new Failure('PeerUnreachable', { code: 'peer-left' })
  const onClose = (_event: StreamCloseEvent): void => end(gone())
  const onRemoteEnd = (): void => {
    // Messages that came before the end are still to be dispatched where none were listened to until now.
    if (stream.readBufferLength === 0) end(gone())
  }
  stream.addEventListener('close', onClose)
  stream.addEventListener('remoteCloseWrite', onRemoteEnd)

  const takeId = (): number => {
    if (failure === undefined && stream.status !== 'open') end(gone())
    const id = nextId
    nextId += 1
    return id
  }
  const answerTo = (id: number, piece: PieceResponse['piece'], fits: Pending['fits']): Promise<PieceAnswer> => {
    if (failure !== undefined) return Promise.reject(failure)
    if (pending.size === 0) startWatch()
    const { promise, resolve, reject } = Promise.withResolvers<PieceAnswer>()
    pending.set(keyOf(id, piece), { fits, resolve, reject })
    return promise
  }
  const send = (request: PieceRequest): void => {
    if (failure !== undefined) return
    const frame = toFrame(pieceRequestCodec.encode(request))
    try {
      // `false` needs no waiting here: requests are small, and at most as many are open as the caller's window has.
      stream.send(frame)
    } catch {
      end(gone())
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
      const answers = wanted.map(({ piece, size }) => answerTo(id, piece, (given) => given === size))
      send({ v: 1, id, root, want: wanted.map(({ piece }) => piece) })
      return answers
    },
    close: () => end(new Failure('PeerUnreachable', { code: 'stream-closed' })),
  }
}

const keyOf = (id: number, piece: PieceResponse['piece']): string => `${id}:${piece ?? ''}`

interface Pending {
  fits(size: number): boolean
  resolve(answer: PieceAnswer): void
  reject(reason: Failure): void
}
