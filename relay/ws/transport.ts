import { webSockets } from '../../workers/libp2p-internals/websockets.ts'
import { createListener } from './listener.ts'

export interface WebSocketTransportOptions {
  /** A failure of the listening socket, which keeps listening. */
  onError(error: Error): void
  /** In place of the usual one (tests). */
  handshakeTimeoutMs?: number
}

export interface ListeningTransport {
  transport: ReturnType<typeof webSockets>
  /** Where it listens; 0 before it does. */
  port(): number
}

/** The WebSocket transport of tabs, with a listener for strangers. */
export const listeningWebSockets = (options: WebSocketTransportOptions): ListeningTransport => {
  const create = webSockets()
  let port = 0
  return {
    transport(components) {
      const transport = create(components)
      transport.createListener = ({ upgrader }) =>
        createListener({
          ...options,
          upgrader,
          logger: components.logger,
          onListening(bound) {
            port = bound
          },
        })
      return transport
    },
    port: () => port,
  }
}
