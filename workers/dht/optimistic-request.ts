import type { Connection, Stream } from '@libp2p/interface'
import { encode as varint } from 'uint8-varint'
import { Uint8ArrayList } from 'uint8arraylist'
import { muxerOf } from '../libp2p-internals/connection.ts'
import { concatBytes } from '../protocol/bytes.ts'
import { createSemaphore, type Semaphore } from '../stack/semaphore.ts'
import type { Operation } from '../telemetry/operation.ts'
import { maxNumberBytes, readNumber } from './message.ts'

/**
 * One request and its answer on a new stream, in one round trip.
 *
 * libp2p's `newStream` sends the protocol name and waits for the echo before the request goes out: two round trips. This
 * sends both at once and reads the echo in front of the answer. multistream-select permits that when only one protocol is
 * offered (go-libp2p does the same); a peer without the protocol says so, and the request fails.
 *
 * Only for peers that are expected to support the protocol: libp2p does not learn the negotiated protocol.
 */
export interface OptimisticRequestOptions {
  operation: Operation
  /** False for a message without an answer: the request then waits only for protocol agreement. */
  hasAnswer: boolean
  /** Called with the new stream before anything is sent. */
  onStream?(stream: Stream): void
}

/** Limit on an answer (bytes): a record of 9 KiB and 40 peers with a dozen addresses each. */
const maxAnswerBytes = 131_072

/**
 * Concurrent requests on one connection; more wait. kad-dht resets streams over 32 and counts a stream for half a round
 * trip after we close it.
 */
const maxPerConnection = 16

/**
 * @returns the answer's bytes, empty for a message without an answer.
 * @throws AnswerMalformed for an answer over the limit; other errors when the connection or stream ends, the peer does
 * not support the protocol, or the operation is cancelled.
 */
export const requestOptimistically = async (
  connection: Connection,
  protocol: string,
  question: Uint8Array,
  { operation, hasAnswer, onStream = () => {} }: OptimisticRequestOptions,
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
    onStream(stream)
    const answer = read(stream, consent, hasAnswer, signal)
    stream.send(concatBytes([consent, varint(question.length), question]))
    const bytes = await answer
    // Closes in the background.
    stream.close({ signal: AbortSignal.timeout(closeTimeoutMs) }).catch((error: Error) => stream?.abort(error))
    return bytes
  } catch (error) {
    stream?.abort(error instanceof Error ? error : new Error(String(error)))
    throw error
  } finally {
    release()
  }
}

/** An answer that no honest peer sends. */
export class AnswerMalformed extends Error {
  override name = 'AnswerMalformed'
}

/** Time for the last bytes of a stream before it is reset (ms). */
const closeTimeoutMs = 1_000

const read = (stream: Stream, consent: Uint8Array, hasAnswer: boolean, signal: AbortSignal): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const bytes = new Uint8ArrayList()
    /** Position of the answer in `bytes`, known once its length prefix is complete. */
    let range: { start: number; end: number } | undefined
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
      if (range === undefined) {
        const head = bytes.subarray(0, Math.min(bytes.length, consent.length + maxNumberBytes))
        if (!agrees(head, consent)) return 'not the protocol'
        if (bytes.length < consent.length) return 'more'
        if (!hasAnswer) return new Uint8Array()
        const length = readNumber(head, consent.length)
        if (length === 'more') return 'more'
        if (length === undefined || length.value > maxAnswerBytes) return 'too long'
        range = { start: length.end, end: length.end + length.value }
      }
      return bytes.length < range.end ? 'more' : bytes.subarray(range.start, range.end)
    }
    stream.addEventListener('message', onMessage)
    stream.addEventListener('close', onEnd)
    stream.addEventListener('remoteCloseWrite', onEnd)
    signal.addEventListener('abort', onAbort, { once: true })
  })

/** Compares as many bytes as have arrived. */
const agrees = (bytes: Uint8Array, consent: Uint8Array): boolean =>
  bytes.subarray(0, consent.length).every((byte, index) => byte === consent[index])

const consents = new Map<string, Uint8Array>()

/** The lines that both sides send when they agree on a protocol: multistream-select's header and the name. */
const consentTo = (protocol: string): Uint8Array => {
  const cached = consents.get(protocol)
  if (cached !== undefined) return cached
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
