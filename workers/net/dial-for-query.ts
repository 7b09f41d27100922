import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Operation } from '../telemetry/operation.ts'
import type { PeerNode } from './create-node.ts'
import { dialPeer, isGone } from './dial-peer.ts'

/**
 * Connects to a peer that a DHT lookup found, by the addresses of the lookup and of the peer store. Lookups use direct
 * connections only, so a path that failed a moment ago is not tried again.
 */
export const dialForQuery = async (
  node: Pick<PeerNode, 'libp2p' | 'dialable' | 'paths'>,
  peer: PeerId,
  heard: readonly Multiaddr[],
  operation: Operation,
): Promise<Connection> => {
  const { libp2p, paths } = node
  const id = peer.toString()
  if (!paths.mayTry(id)) throw new Error('there is no direct path to it')
  const stored = await libp2p.peerStore.get(peer).then(
    ({ addresses }) => addresses.map(({ multiaddr }) => multiaddr),
    () => [],
  )
  const end = paths.begin(id)
  try {
    const connection = await dialPeer(libp2p, peer, node.dialable(id, [...stored, ...heard]), operation)
    end(connection.limits === undefined ? 'made' : 'cancelled')
    return connection
  } catch (error) {
    // A finished lookup cancels its dials, which says nothing about the path.
    end(operation.signal.aborted || isGone(error) ? 'cancelled' : 'failed')
    throw error
  }
}
