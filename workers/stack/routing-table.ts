import type { Libp2p, Peer, PeerId, PeerUpdate } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { routingTable } from '../libp2p-internals/kad-dht.ts'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import { tableCheckMs } from './limits.ts'

/**
 * Removes peers from the routing table when they disconnect. Stock kad-dht keeps them until their bucket is full, so that
 * a relay would answer with closed tabs. Returns a function that stops it.
 */
export const forgetDisconnected = (node: Libp2p<{ dht: KadDHT }>): (() => void) => {
  const table = routingTable(node.services.dht)
  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    // The table lacks the peer or is stopping; neither matters.
    table.remove(peer).catch(() => {})
  }
  node.addEventListener('peer:disconnect', onDisconnect)
  return () => node.removeEventListener('peer:disconnect', onDisconnect)
}

/**
 * Adds every connected DHT peer to the routing table. Stock kad-dht tries only once, after identify, and misses a peer
 * without an address at that moment or with a lost ping. This tries after each identify or peer update, and every 15 s
 * while the peer is missing. Returns a function that stops it.
 */
export const admitConnected = (node: Libp2p<{ dht: KadDHT }>): (() => void) => {
  const table = routingTable(node.services.dht)
  const admit = async (peer: PeerId): Promise<void> => {
    const isDirect = node.getConnections(peer).some(({ limits }) => limits === undefined)
    if (!isDirect || (await table.find(peer)) !== undefined) return
    const { protocols } = await node.peerStore.get(peer)
    if (protocols.includes(KAD_PROTOCOL)) await table.add(peer)
  }
  // The peer has left or the node is stopping; neither matters.
  const tryToAdmit = (peer: PeerId): void => void admit(peer).catch(() => {})

  const onIdentify = ({ detail }: CustomEvent<{ peerId: PeerId }>): void => tryToAdmit(detail.peerId)
  const onUpdate = ({ detail: { peer, previous } }: CustomEvent<PeerUpdate>): void => {
    // Most updates are tags and dial times, of which there are several for each connection.
    if (previous !== undefined && isReachableBy(previous) === isReachableBy(peer)) return
    tryToAdmit(peer.id)
  }
  node.addEventListener('peer:identify', onIdentify)
  node.addEventListener('peer:update', onUpdate)
  const timer = setInterval(() => node.getPeers().forEach(tryToAdmit), tableCheckMs)
  return () => {
    clearInterval(timer)
    node.removeEventListener('peer:identify', onIdentify)
    node.removeEventListener('peer:update', onUpdate)
  }
}

/** What the routing table needs to know of a peer: that it serves the DHT, and an address of it. */
const isReachableBy = ({ protocols, addresses }: Peer): boolean =>
  protocols.includes(KAD_PROTOCOL) && addresses.length > 0

/** Adds a peer to the routing table if it answers a ping. */
export const addToTable = (dht: KadDHT, peer: PeerId): Promise<void> => routingTable(dht).add(peer)

/** Number of peers in the routing table. */
export const routingTableSize = (dht: KadDHT): number => routingTable(dht).size
