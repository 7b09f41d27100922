import type { MessageStream } from '@libp2p/interface'
import { noise as libp2pNoise } from '@libp2p/noise'
import { maxUnsentBytes } from './limits.ts'

/**
 * Noise with a bounded write buffer. Streams wait for their window, but ping replies, resets and window updates do not: a
 * peer that provokes them without reading would fill our memory. It loses its connection instead.
 */
export const noise = (): ReturnType<typeof libp2pNoise> => {
  const create = libp2pNoise()
  return (components) => {
    const encrypter = create(components)
    encrypter.secureInbound = bounded(encrypter.secureInbound.bind(encrypter))
    encrypter.secureOutbound = bounded(encrypter.secureOutbound.bind(encrypter))
    return encrypter
  }
}

/** Bounds the write buffer of each secured connection. */
const bounded =
  <Args extends unknown[], Secured extends { connection: MessageStream }>(
    secure: (...args: Args) => Promise<Secured>,
  ): ((...args: Args) => Promise<Secured>) =>
  async (...args) => {
    const secured = await secure(...args)
    secured.connection.maxWriteBufferLength = maxUnsentBytes
    return secured
  }
