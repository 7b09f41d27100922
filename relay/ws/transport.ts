import { webSockets } from '../../workers/stack/web-sockets.ts'
import { createListener } from './listener.ts'

export interface WebSocketTransportOptions {
  /** A failure of the listening socket, which keeps listening. */
  onError(error: Error): void
}

/** The WebSocket transport of tabs, with a listener for strangers. */
export const listeningWebSockets = (options: WebSocketTransportOptions): ReturnType<typeof webSockets> => {
  const create = webSockets()
  return (components) => {
    const transport = create(components)
    transport.createListener = ({ upgrader }) => createListener({ ...options, upgrader, logger: components.logger })
    return transport
  }
}
