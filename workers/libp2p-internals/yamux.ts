import { yamux as libp2pYamux } from '@libp2p/yamux'

/**
 * Yamux whose muxers end without throwing.
 *
 * `@libp2p/yamux` 8.0.3 says goodbye when it is aborted, which throws when the connection under it has closed; that
 * happens in a listener for received bytes, where an error reaches nobody but the process.
 */
export const yamux = (...options: Parameters<typeof libp2pYamux>): ReturnType<typeof libp2pYamux> => {
  const create = libp2pYamux(...options)
  return (...components) => {
    const factory = create(...components)
    const createMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = createMuxer(connection)
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
    return factory
  }
}
