import type { MessageStream } from '@libp2p/interface'
import { noise as libp2pNoise } from '@libp2p/noise'
import { maxUnsentBytes } from './limits.ts'

/**
 * Noise, with a bound on what waits because the peer does not read. Streams wait for their window, but answers to pings,
 * resets and window updates do not, and a peer that asks for them and reads nothing fills this side's memory; it loses
 * its connection instead.
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

/** The same way of securing a connection, with a bound on what waits in it. */
const bounded =
  <Args extends unknown[], Secured extends { connection: MessageStream }>(
    secure: (...args: Args) => Promise<Secured>,
  ): ((...args: Args) => Promise<Secured>) =>
  async (...args) => {
    const secured = await secure(...args)
    secured.connection.maxWriteBufferLength = maxUnsentBytes
    return secured
  }
