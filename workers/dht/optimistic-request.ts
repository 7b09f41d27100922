import type { Connection, Stream } from '@libp2p/interface'
import { encode as varint } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { muxerOf } from '../libp2p-internals/connection.ts'
import { concatBytes } from '../protocol/bytes.ts'
import { createSemaphore, type Semaphore } from '../stack/semaphore.ts'
import type { Operation } from '../telemetry/operation.ts'
import { maxNumberBytes, readNumber } from './message.ts'

/**
 * One question and its answer on a stream of its own, in one round trip.
 *
 * libp2p's `newStream` writes the protocol's name and waits for it to come back before the first byte of the question
 * goes out: two round trips. Here both go out at once, and the other side's consent is read in front of its answer.
 * multistream-select permits that when only one protocol is offered (go-libp2p does the same); a peer that does not
 * speak it says so, and the question has no answer.
 *
 * Only for peers that are expected to speak the protocol: libp2p is not told what was agreed upon.
 */
export interface OptimisticRequestOptions {
  operation: Operation
  /** False for a message that has no answer: the peer's consent to the protocol is waited for. */
  hasAnswer: boolean
}

/** An answer has at most a record of 9 KiB and 40 peers with a dozen addresses each, bytes. */
const maxAnswerBytes = 131_072

/**
 * Questions on one connection at once; others wait for their turn. kad-dht resets what is over 32, and still counts a
 * stream for half a round trip after we have closed it.
 */
const maxPerConnection = 16

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
  const consent = consentTo(protocol)
  const release = await semaphoreOf(connection).acquire(signal)
  let stream: Stream | undefined
  try {
    signal.throwIfAborted()
    stream = await muxer.createStream()
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
    release()
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
        const head = bytes.subarray(0, Math.min(bytes.length, consent.length + maxNumberBytes))
        if (!agrees(head, consent)) return 'not the protocol'
        if (bytes.length < consent.length) return 'more'
        if (!hasAnswer) return new Uint8Array()
        const length = readNumber(head, consent.length)
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

const semaphoreByConnection = new WeakMap<Connection, Semaphore>()

const semaphoreOf = (connection: Connection): Semaphore => {
  const semaphore = semaphoreByConnection.get(connection) ?? createSemaphore(maxPerConnection)
  semaphoreByConnection.set(connection, semaphore)
  return semaphore
}
