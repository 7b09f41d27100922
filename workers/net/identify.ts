import type { Connection, Libp2p } from '@libp2p/interface'
import type { StackServices } from '../stack/services.ts'
import { isDirect } from './addresses.ts'

/** Age at which a relayed connection without a direct successor counts as permanent (ms); WebRTC takes about 300. */
const settledMs = 3_000

/**
 * Identifies every direct connection when it opens, and a relayed one only if no direct one follows.
 *
 * Most relayed connections between tabs lead to a direct one and close within a second. Identifying them too, from both
 * sides, made up a third of all streams that a newcomer opened. `StackOptions.identifyOnOpen` must be off, so that the
 * services do not identify connections as well. Returns its undo.
 */
export const identifyConnections = (
  node: Pick<
    Libp2p<Pick<StackServices, 'identify'>>,
    'addEventListener' | 'removeEventListener' | 'getConnections' | 'services'
  >,
): (() => void) => {
  const waiting = new Map<string, ReturnType<typeof setTimeout>>()

  // The pool detects peers that do not answer.
  const identify = (connection: Connection): void => void node.services.identify.identify(connection).catch(() => {})

  const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
    if (isDirect(connection)) {
      identify(connection)
      return
    }
    const settled = (): void => {
      waiting.delete(connection.id)
      if (!node.getConnections(connection.remotePeer).some(isDirect)) identify(connection)
    }
    waiting.set(connection.id, setTimeout(settled, settledMs))
  }
  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    clearTimeout(waiting.get(connection.id))
    waiting.delete(connection.id)
  }

  node.addEventListener('connection:open', onOpen)
  node.addEventListener('connection:close', onClose)
  return () => {
    for (const timer of waiting.values()) clearTimeout(timer)
    node.removeEventListener('connection:open', onOpen)
    node.removeEventListener('connection:close', onClose)
  }
}
