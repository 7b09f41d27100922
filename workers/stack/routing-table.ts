import type { Libp2p, PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import { tableCheckMs } from './limits.ts'

/**
 * What kad-dht can do and its interface does not offer: change its routing table, and leave it alone. Each is checked for at run time; without them nothing breaks, the table is only staler.
 */

/**
 * Drops peers from the routing table when they disconnect. Stock kad-dht keeps them until their bucket is full, so
 * that a relay would answer with tabs that are long closed. Returns its undo.
 */
export const forgetDisconnected = (node: Libp2p<{ dht: KadDHT }>): (() => void) => {
  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    const { dht } = node.services
    // The table may not know the peer, or be stopping: nothing to do in either case.
    if (hasRoutingTable(dht)) dht.routingTable.remove(peer).catch(() => {})
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
  const { dht } = node.services
  if (!hasRoutingTable(dht)) return () => {}

  const admit = async (peer: PeerId): Promise<void> => {
    const isDirect = node.getConnections(peer).some(({ limits }) => limits === undefined)
    if (!isDirect || (await dht.routingTable.find(peer)) !== undefined) return
    const { protocols } = await node.peerStore.get(peer)
    if (protocols.includes(KAD_PROTOCOL)) await dht.routingTable.add(peer)
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

/**
 * Every five minutes kad-dht walks to a random key of each bucket and dials whom it hears of on the way: between tabs
 * that is an RTCPeerConnection each. A table that takes connected peers only gains nothing by it.
 */
export const stopRefresh = (dht: KadDHT): void => {
  const refresh: unknown = Reflect.get(dht, 'routingTableRefresh')
  if (has(refresh, 'refreshTable')) Reflect.set(Object(refresh), 'refreshTable', () => {})
}

/** Puts a peer into the routing table if it answers a ping. */
export const addToTable = async (dht: KadDHT, peer: PeerId): Promise<void> => {
  if (hasRoutingTable(dht)) await dht.routingTable.add(peer)
}

/** Peers in the routing table of a node. */
export const routingTableSize = (dht: KadDHT): number => (hasRoutingTable(dht) ? dht.routingTable.size : 0)

interface PeerTable {
  readonly size: number
  find(peer: PeerId): Promise<PeerId | undefined>
  add(peer: PeerId): Promise<void>
  remove(peer: PeerId): Promise<void>
}

const hasRoutingTable = (dht: KadDHT): dht is KadDHT & { routingTable: PeerTable } =>
  'routingTable' in dht && has(dht.routingTable, 'remove')

const has = (value: unknown, method: string): boolean =>
  typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
