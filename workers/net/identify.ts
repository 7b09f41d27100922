import type { Connection, Libp2p } from '@libp2p/interface'
import type { StackServices } from '../stack/services.ts'
import { isDirect } from './addresses.ts'

/** A relayed connection that no direct one has followed after this long, ms, is there to stay; WebRTC takes about 300. */
const settledMs = 3_000

/**
 * Identifies every direct connection when it opens, and a relayed one only if it stays the only one.
 *
 * Most relayed connections between tabs are the way to a direct one and gone within a second: to identify them, too,
 * from both sides, was a third of all streams that a newcomer opened. The services must be told not to identify by
 * themselves (`StackOptions.identifyOnOpen`). Returns its undo.
 */
export const identifyConnections = (
  node: Pick<
    Libp2p<Pick<StackServices, 'identify'>>,
    'addEventListener' | 'removeEventListener' | 'getConnections' | 'services'
  >,
): (() => void) => {
  const waiting = new Map<string, ReturnType<typeof setTimeout>>()

  // A peer that does not answer is for the pool to find out.
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
