import { yamux as libp2pYamux } from '@libp2p/yamux'

/**
 * Yamux whose muxers abort without throwing.
 *
 * `@libp2p/yamux` 8.0.3 sends GoAway when aborted, which throws on a closed connection. That happens in a listener for
 * received bytes, where an error is uncaught.
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
          // The connection is closed, so GoAway cannot be sent.
        }
      }
      return muxer
    }
    return factory
  }
}
