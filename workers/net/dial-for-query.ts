import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Operation } from '../telemetry/operation.ts'
import type { PeerNode } from './create-node.ts'
import { dialPeer, isGone } from './dial-peer.ts'

/**
 * Connects to a peer that a lookup has heard of, by what was heard and by what the peer itself has told before. Lookups ask
 * over direct connections only, so one that failed a moment ago is not tried again.
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
  const told = await libp2p.peerStore.get(peer).then(
    ({ addresses }) => addresses.map(({ multiaddr }) => multiaddr),
    () => [],
  )
  const end = paths.begin(id)
  try {
    const connection = await dialPeer(libp2p, peer, node.dialable(id, [...told, ...heard]), operation)
    end(connection.limits === undefined ? 'made' : 'cancelled')
    return connection
  } catch (error) {
    // A lookup that has what it wants gives up its dials: that says nothing of the path.
    end(operation.signal.aborted || isGone(error) ? 'cancelled' : 'failed')
    throw error
  }
}
