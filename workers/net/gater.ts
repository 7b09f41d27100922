import type { ConnectionGater } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { isRelayed, isWebRtc, peerOf, socketOf } from './addresses.ts'

export interface DialGater {
  /** The gater for libp2p. */
  gater: ConnectionGater
  /** Allows dialling this peer even when there are enough connections; returns its undo. */
  permit(peerId: string): () => void
  /** Replaces the configured relays. */
  setRelays(relays: readonly string[]): void
}

export interface GaterDependencies {
  /** True when there are enough connections. */
  isFull(): boolean
  /** True for a peer that is banned for its reputation. */
  isBanned(peerId: string): boolean
}

/**
 * Decides what this node dials and accepts. By address: relayed and WebRTC addresses, configured relays, this machine,
 * and anything else only with TLS. By peer: everyone until `isFull`, then only relays and permitted peers, so that a
 * DHT lookup cannot open ever more connections.
 *
 * Banned peers are neither dialled nor accepted, except configured relays. The connection manager limits the number of
 * inbound connections.
 */
export const createGater = (relays: readonly string[], { isFull, isBanned }: GaterDependencies): DialGater => {
  let relayIds = new Set<string | undefined>()
  let relaySockets = new Set<string>()
  const permits = new Map<string, number>()

  const setRelays = (newRelays: readonly string[]): void => {
    const addresses = newRelays.map((address) => multiaddr(address))
    relayIds = new Set(addresses.map(peerOf))
    relaySockets = new Set(addresses.map(socketOf))
  }
  setRelays(relays)
  const isDenied = (peerId: string): boolean => !relayIds.has(peerId) && isBanned(peerId)

  return {
    setRelays,
    gater: {
      denyDialMultiaddr: (address) =>
        !(
          isWebRtc(address) ||
          isRelayed(address) ||
          isSecure(address) ||
          isThisMachine(address) ||
          relaySockets.has(socketOf(address))
        ),
      denyDialPeer(peer) {
        const id = peer.toString()
        return isDenied(id) || (!relayIds.has(id) && !permits.has(id) && isFull())
      },
      // The only inbound check that runs for every transport: WebRTC brings its own encryption.
      denyInboundUpgradedConnection: (peer) => isDenied(peer.toString()),
      // A ban may begin during the dial.
      denyOutboundUpgradedConnection: (peer) => isDenied(peer.toString()),
    },
    permit(peerId) {
      permits.set(peerId, (permits.get(peerId) ?? 0) + 1)
      let active = true
      return () => {
        if (!active) return
        active = false
        const left = (permits.get(peerId) ?? 1) - 1
        if (left === 0) permits.delete(peerId)
        else permits.set(peerId, left)
      }
    },
  }
}

const isSecure = (address: Multiaddr): boolean =>
  address.getComponents().some(({ name }) => name === 'tls' || name === 'wss')

const loopback = /^(127(\.\d{1,3}){3}|::1|localhost)$/

/** True for loopback addresses, and for the in-memory transport of tests. */
const isThisMachine = (address: Multiaddr): boolean => {
  const [first] = address.getComponents()
  return first?.name === 'memory' || loopback.test(first?.value ?? '')
}
