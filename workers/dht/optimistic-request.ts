import type { Connection, Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { concatBytes, varint } from '../protocol/bytes.ts'
import type { Operation } from '../telemetry/operation.ts'
import { readVarint } from './message.ts'

/**
 * One question and its answer on a stream of its own, in one round trip.
 *
 * libp2p's `newStream` writes the protocol's name and waits for it to come back before the first byte of the question
 * goes out: two round trips. Here both go out at once, and the other side's consent is read in front of its answer.
 * multistream-select permits that when only one protocol is offered (go-libp2p does the same); a peer that does not
 * speak it says so, and the question has no answer.
 *
 * Only for peers that are expected to speak the protocol: libp2p is not told what was agreed upon. Where a connection
 * does not show what it opens streams with, `newStream` is used and it takes the two.
 */
export interface OptimisticRequestOptions {
  operation: Operation
  /** False for a message that has no answer: the peer's consent to the protocol is waited for. */
  hasAnswer: boolean
}

/** An answer has at most a record of 9 KiB and 40 peers with a dozen addresses each, bytes. */
const maxAnswerBytes = 131_072

/** Bytes that the length of an answer may take: `readVarint` refuses a longer one. */
const maxLengthBytes = 5

/**
 * Questions on one connection at once; others wait for their turn. kad-dht resets what is over 32, and still counts a
 * stream for half a round trip after we have closed it.
 */
const maxPerConnection = 16

/** What `newStream` of libp2p 3 opens its streams with; its interface does not offer it. */
interface Muxer {
  createStream(): Promise<Stream>
}

/**
 * @returns the answer's bytes, empty when there is none to have.
 * @throws AnswerMalformed for an answer that is too long; other errors when the connection or stream ends, the peer does
 * not speak the protocol, or the operation is cancelled.
 */
export const requestOptimistically = async (
  connection: Connection,
  protocol: string,
  question: Uint8Array,
  { operation, hasAnswer }: OptimisticRequestOptions,
): Promise<Uint8Array> => {
  const { signal } = operation
  const muxer = muxerOf(connection)
  const consent = muxer === undefined ? new Uint8Array() : consentTo(protocol)
  const leave = await enter(connection, signal)
  let stream: Stream | undefined
  try {
    signal.throwIfAborted()
    stream = await (muxer?.createStream() ?? connection.newStream(protocol, { signal }))
    stream.protocol = protocol
    const answer = read(stream, consent, hasAnswer, signal)
    stream.send(concatBytes([consent, varint(question.length), question]))
    const bytes = await answer
    // Nobody waits for the end of it.
    stream.close({ signal: AbortSignal.timeout(closeTimeoutMs) }).catch((error: Error) => stream?.abort(error))
    return bytes
  } catch (error) {
    stream?.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  } finally {
    leave()
  }
}

/** What came is none that an honest peer sends. */
export class AnswerMalformed extends Error {
  override name = 'AnswerMalformed'
}

/** A stream whose last bytes do not get out is reset after this long, ms. */
const closeTimeoutMs = 1_000

const read = (stream: Stream, consent: Uint8Array, hasAnswer: boolean, signal: AbortSignal): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const bytes = new Uint8ArrayList()
    /** Where the answer lies in `bytes`, as soon as its length was read. */
    let place: { start: number; end: number } | undefined
    const end = (settle: () => void): void => {
      stream.removeEventListener('message', onMessage)
      stream.removeEventListener('close', onEnd)
      stream.removeEventListener('remoteCloseWrite', onEnd)
      signal.removeEventListener('abort', onAbort)
      settle()
    }
    const fail = (error: Error): void => end(() => reject(error))
    const onAbort = (): void => end(() => reject(signal.reason))
    const onEnd = (): void => fail(new Error('The stream has ended before the answer.'))
    const onMessage = ({ data }: { data: Uint8Array | Uint8ArrayList }): void => {
      bytes.append(data)
      const outcome = parse()
      if (outcome === 'not the protocol') fail(new Error('The peer does not speak the protocol.'))
      else if (outcome === 'too long') fail(new AnswerMalformed('The answer of the peer is too long.'))
      else if (outcome !== 'more') end(() => resolve(outcome))
    }
    const parse = (): Uint8Array | 'more' | 'not the protocol' | 'too long' => {
      if (place === undefined) {
        const head = bytes.subarray(0, Math.min(bytes.length, consent.length + maxLengthBytes))
        if (!agrees(head, consent)) return 'not the protocol'
        if (bytes.length < consent.length) return 'more'
        if (!hasAnswer) return new Uint8Array()
        const length = readVarint(head, consent.length)
        if (length === 'more') return 'more'
        if (length === undefined || length.value > maxAnswerBytes) return 'too long'
        place = { start: length.end, end: length.end + length.value }
      }
      return bytes.length < place.end ? 'more' : bytes.subarray(place.start, place.end)
    }
    stream.addEventListener('message', onMessage)
    stream.addEventListener('close', onEnd)
    stream.addEventListener('remoteCloseWrite', onEnd)
    signal.addEventListener('abort', onAbort, { once: true })
  })

/** As far as there is something to compare. */
const agrees = (bytes: Uint8Array, consent: Uint8Array): boolean =>
  bytes.subarray(0, consent.length).every((byte, index) => byte === consent[index])

const consents = new Map<string, Uint8Array>()

/** What both sides say of a protocol that they agree on: multistream-select's header and the name, as lines. */
const consentTo = (protocol: string): Uint8Array => {
  const known = consents.get(protocol)
  if (known !== undefined) return known
  const lines = ['/multistream/1.0.0\n', `${protocol}\n`].map((line) => new TextEncoder().encode(line))
  const consent = concatBytes(lines.flatMap((line) => [varint(line.length), line]))
  consents.set(protocol, consent)
  return consent
}

interface Turns {
  taken: number
  waiting: Set<() => void>
}

const turnsByConnection = new WeakMap<Connection, Turns>()

/** Waits for a turn on the connection; what it resolves with gives it back. */
const enter = async (connection: Connection, signal: AbortSignal): Promise<() => void> => {
  const turns = turnsByConnection.get(connection) ?? { taken: 0, waiting: new Set() }
  turnsByConnection.set(connection, turns)
  if (turns.taken < maxPerConnection) turns.taken += 1
  else
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        turns.waiting.delete(onTurn)
        reject(signal.reason)
      }
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      turns.waiting.add(onTurn)
    })
  return () => {
    const [next] = turns.waiting
    // The turn goes on to who waits longest.
    if (next === undefined) turns.taken -= 1
    else {
      turns.waiting.delete(next)
      next()
    }
  }
}

const muxerOf = (connection: Connection): Muxer | undefined => {
  const muxer: unknown = Reflect.get(connection, 'muxer')
  return isMuxer(muxer) ? muxer : undefined
}

const isMuxer = (value: unknown): value is Muxer =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, 'createStream') === 'function'
