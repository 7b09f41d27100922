import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { Failure } from '../contract/failures.ts'
import { SYNC_MESSAGE_MAX_BYTES } from '../protocol/limits.ts'
import type { SyncChannel } from './channel.ts'

/** A peer that is silent for this long within an exchange is given up, ms. */
const silenceMs = 10_000

/**
 * Messages over a libp2p stream, each after its length. What goes wrong has a name: `RecordTooLarge` for a length over
 * the limit, `Timeout` for silence, `Cancelled` when `signal` aborts without a timeout, `PeerUnreachable` for a stream
 * that ends or breaks.
 */
export const channelOver = (stream: Stream, signal: AbortSignal): SyncChannel => {
  const framed = lpStream(stream, { maxDataLength: SYNC_MESSAGE_MAX_BYTES })
  const within = async <T>(run: (limit: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(silenceMs)])
    try {
      return await run(limit)
    } catch (error) {
      throw toNamed(error, limit)
    }
  }
  return {
    send: (message) => within((limit) => framed.write(message, { signal: limit })),
    receive: () => within(async (limit) => (await framed.read({ signal: limit })).subarray()),
  }
}

const toNamed = (error: unknown, limit: AbortSignal): Failure => {
  const name = error instanceof Error ? error.name : ''
  if (name.startsWith('InvalidDataLength') || name === 'InvalidMessageLengthError' || error instanceof RangeError) {
    return new Failure('RecordTooLarge', { code: 'message-too-large', limit: SYNC_MESSAGE_MAX_BYTES })
  }
  if (limit.aborted) {
    const isTimeout = limit.reason instanceof Error && limit.reason.name === 'TimeoutError'
    return isTimeout
      ? new Failure('Timeout', { code: 'exchange-timed-out' })
      : new Failure('Cancelled', { code: 'exchange-cancelled' })
  }
  return new Failure('PeerUnreachable', { code: 'exchange-broke-off', detail: String(error) })
}
