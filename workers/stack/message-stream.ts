import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { Failure } from '../contract/failures.ts'

/** Length-prefixed messages over a libp2p stream. */
export interface MessageStream {
  send(message: Uint8Array): Promise<void>
  receive(): Promise<Uint8Array>
}

export interface MessageStreamOptions {
  /** Limit on one message. */
  maxBytes: number
  signal: AbortSignal
  /** Timeout of sending or receiving one message (ms); without it only the signal limits the time. */
  silenceMs?: number
}

/**
 * Rejects with a named failure: `RecordTooLarge` for a length over `maxBytes`, before buffering the message; `Timeout` for
 * silence and for a signal with a timeout; `Cancelled` for any other abort; `PeerUnreachable` for a stream that ends or
 * breaks.
 */
export const messagesOver = (stream: Stream, options: MessageStreamOptions): MessageStream => {
  const { maxBytes, signal, silenceMs } = options
  const framed = lpStream(stream, { maxDataLength: maxBytes })
  const within = async <T>(run: (limit: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = silenceMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(silenceMs)])
    try {
      return await run(limit)
    } catch (error) {
      throw toNamed(error, limit, maxBytes)
    }
  }
  return {
    send: (message) => within((limit) => framed.write(message, { signal: limit })),
    receive: () => within(async (limit) => (await framed.read({ signal: limit })).subarray()),
  }
}

const toNamed = (error: unknown, limit: AbortSignal, maxBytes: number): Failure => {
  const name = error instanceof Error ? error.name : ''
  if (name.startsWith('InvalidDataLength') || name === 'InvalidMessageLengthError' || error instanceof RangeError) {
    return new Failure('RecordTooLarge', { code: 'message-too-large', limit: maxBytes })
  }
  if (limit.aborted) {
    const isTimeout = limit.reason instanceof Error && limit.reason.name === 'TimeoutError'
    return isTimeout
      ? new Failure('Timeout', { code: 'exchange-timed-out' })
      : new Failure('Cancelled', { code: 'exchange-cancelled' })
  }
  return new Failure('PeerUnreachable', {
    code: 'exchange-broke-off',
    detail: error instanceof Error ? error.message : String(error),
  })
}
