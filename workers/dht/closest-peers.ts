import type { PeerId, PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Operation } from '../telemetry/operation.ts'
import type { KadRpc } from './kad-rpc.ts'

/**
 * Asks one connected peer for the peers closest to `key` in its routing table (FIND_NODE), with their addresses: up to
 * 20, none if it does not answer or has disconnected. kad-dht's own query would dial the peers it finds.
 */
export const requestClosestPeers = async (
  rpc: Pick<KadRpc, 'isConnected' | 'findNode'>,
  peer: PeerId,
  key: Uint8Array,
  operation: Operation,
): Promise<PeerInfo[]> => {
  const id = peer.toString()
  if (!rpc.isConnected(id)) return []
  const answer = await rpc.findNode({ id, addresses: [] }, key, operation)
  return (answer?.closer ?? []).map(({ id, addresses }) => ({ id: peerIdFromString(id), multiaddrs: addresses }))
}
