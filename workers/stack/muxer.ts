import type { StreamMuxer } from '@libp2p/interface'
import { yamux as libp2pYamux } from '@libp2p/yamux'
import { maxInboundStreams, maxStreamWindowBytes } from './limits.ts'

/**
 * Yamux with bounds on what a peer can make this side hold, and which ends without throwing.
 *
 * `@libp2p/yamux` 8.0.3 says goodbye when it is aborted, which throws when the connection under it has closed; that
 * happens in a listener for received bytes, where an error reaches nobody but the process.
 */
export const yamux = (): ReturnType<typeof libp2pYamux> => {
  const create = libp2pYamux({ maxInboundStreams, streamOptions: { maxStreamWindowSize: maxStreamWindowBytes } })
  return (...components) => {
    const factory = create(...components)
    const createMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => endQuietly(createMuxer(connection))
    return factory
  }
}

const endQuietly = <Muxer extends StreamMuxer>(muxer: Muxer): Muxer => {
  const abort = muxer.abort.bind(muxer)
  muxer.abort = (reason) => {
    try {
      abort(reason)
    } catch {
      // The connection has gone, and the goodbye with it.
    }
  }
  return muxer
}
