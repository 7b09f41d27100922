import { webSockets } from '../../workers/libp2p-internals/websockets.ts'
import { createListener } from './listener.ts'

export interface WebSocketTransportOptions {
  /** Called for failures of the listening socket, which continues to listen. */
  onError(error: Error): void
  /** Overrides the limit (tests). */
  handshakeTimeoutMs?: number
}

export interface ListeningTransport {
  transport: ReturnType<typeof webSockets>
  /** The listening port; 0 before it listens. */
  port(): number
}

/** Creates the WebSocket transport that tabs use, with a listener that is safe to expose to strangers. */
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
