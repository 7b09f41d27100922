import type { Libp2p, PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { routingTable } from '../libp2p-internals/kad-dht.ts'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import { tableCheckMs } from './limits.ts'

/**
 * Drops peers from the routing table when they disconnect. Stock kad-dht keeps them until their bucket is full, so
 * that a relay would answer with tabs that are long closed. Returns its undo.
 */
export const forgetDisconnected = (node: Libp2p<{ dht: KadDHT }>): (() => void) => {
  const table = routingTable(node.services.dht)
  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    // The table may not know the peer, or be stopping: nothing to do in either case.
    table.remove(peer).catch(() => {})
  }
  node.addEventListener('peer:disconnect', onDisconnect)
  return () => node.removeEventListener('peer:disconnect', onDisconnect)
}

/**
 * Puts every connected DHT peer into the routing table. Stock kad-dht tries once, when a peer has identified itself: a
 * peer without an address at that moment is passed over, one whose ping is lost too, and neither is tried again. Here
 * each is tried when it identifies itself or changes, and every 15 s while it is missing. Returns its undo.
 */
export const admitConnected = (node: Libp2p<{ dht: KadDHT }>): (() => void) => {
  const table = routingTable(node.services.dht)
  const admit = async (peer: PeerId): Promise<void> => {
    const isDirect = node.getConnections(peer).some(({ limits }) => limits === undefined)
    if (!isDirect || (await table.find(peer)) !== undefined) return
    const { protocols } = await node.peerStore.get(peer)
    if (protocols.includes(KAD_PROTOCOL)) await table.add(peer)
  }
  // A peer that is gone again, or a node that stops: nothing to do.
  const tryToAdmit = (peer: PeerId): void => void admit(peer).catch(() => {})

  const onIdentify = ({ detail }: CustomEvent<{ peerId: PeerId }>): void => tryToAdmit(detail.peerId)
  const onUpdate = ({ detail }: CustomEvent<{ peer: { id: PeerId } }>): void => tryToAdmit(detail.peer.id)
  node.addEventListener('peer:identify', onIdentify)
  node.addEventListener('peer:update', onUpdate)
  const timer = setInterval(() => node.getPeers().forEach(tryToAdmit), tableCheckMs)
  return () => {
    clearInterval(timer)
    node.removeEventListener('peer:identify', onIdentify)
    node.removeEventListener('peer:update', onUpdate)
  }
}

/** Puts a peer into the routing table if it answers a ping. */
export const addToTable = (dht: KadDHT, peer: PeerId): Promise<void> => routingTable(dht).add(peer)

/** Peers in the routing table of a node. */
export const routingTableSize = (dht: KadDHT): number => routingTable(dht).size
