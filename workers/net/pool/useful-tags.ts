import type { Connection } from '@libp2p/interface'
import type { PeerNode } from '../create-node.ts'

/** The tag that makes libp2p's pruner spare a peer, and its values; relays are worth the most. */
const usefulTag = 'ggen-useful'
const usefulValue = 50
const relayValue = 100

/**
 * Tags useful peers for libp2p's pruner, which acts when there are too many connections of all kinds. Call the returned
 * function with the open connections and the peers to keep whenever either changes.
 */
export const createUsefulTags = ({ libp2p, isRelay }: Pick<PeerNode, 'libp2p' | 'isRelay'>) => {
  const valueByPeer = new Map<string, number>()

  return (connections: readonly Connection[], kept: ReadonlySet<string>): void => {
    const connected = new Map(connections.map(({ remotePeer }) => [remotePeer.toString(), remotePeer]))
    for (const peer of valueByPeer.keys()) if (!connected.has(peer)) valueByPeer.delete(peer)
    for (const [peer, id] of connected) {
      const value = isRelay(peer) ? relayValue : kept.has(peer) ? usefulValue : 0
      if ((valueByPeer.get(peer) ?? 0) === value) continue
      valueByPeer.set(peer, value)
      // The node may be stopping. A missing tag can only cost a connection.
      libp2p.peerStore.merge(id, { tags: { [usefulTag]: value === 0 ? undefined : { value } } }).catch(() => {})
    }
  }
}
