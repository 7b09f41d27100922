import type { Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { Failure } from '../contract/failures.ts'

/** Messages over a libp2p stream, each after its length. */
export interface MessageStream {
  write(message: Uint8Array): Promise<void>
  read(): Promise<Uint8Array>
}

/**
 * What goes wrong has a name: `RecordTooLarge` for a length over `maxBytes`, before anything of it is kept;
 * `PeerUnreachable` for a stream that ends or breaks, and for one that `signal` ends.
 */
export const messagesOver = (
  stream: Stream,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): MessageStream => {
  const framed = lpStream(stream, { maxDataLength: maxBytes })
  const named = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw toNamed(error, maxBytes)
    }
  }
  return {
    write: (message) => named(framed.write(message, { signal })),
    read: async () => (await named(framed.read({ signal }))).subarray(),
  }
}

const toNamed = (error: unknown, maxBytes: number): Failure => {
  const name = error instanceof Error ? error.name : ''
  return name.startsWith('InvalidDataLength') || name === 'InvalidMessageLengthError' || error instanceof RangeError
    ? new Failure('RecordTooLarge', { code: 'message-too-large', limit: maxBytes })
    : new Failure('PeerUnreachable', {
        code: 'peer-unreachable',
        detail: error instanceof Error ? error.message : String(error),
      })
}
