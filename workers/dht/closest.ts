import type { PeerId, PeerInfo } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Operation } from '../telemetry/operation.ts'
import type { KadRpc } from './kad-rpc.ts'

/**
 * Asks one connected peer for the peers it knows that are closest to `key` (FIND_NODE), with their addresses: up to 20.
 * None when it does not answer, or is not connected any more. A query of the library's own would go on to dial them.
 */
export const askClosest = async (
  wire: Pick<KadRpc, 'isConnected' | 'findNode'>,
  peer: PeerId,
  key: Uint8Array,
  operation: Operation,
): Promise<PeerInfo[]> => {
  const id = peer.toString()
  if (!wire.isConnected(id)) return []
  const answer = await wire.findNode({ id, addresses: [] }, key, operation)
  return (answer?.closer ?? []).map(({ id, addresses }) => ({ id: peerIdFromString(id), multiaddrs: addresses }))
}
