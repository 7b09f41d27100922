import type { ConnectionGater } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { isRelayed, isWebRtc, peerOf, socketOf } from './addresses.ts'

export interface DialGater {
  /** For libp2p. */
  gater: ConnectionGater
  /** Lets this peer be dialled although there are enough connections; returns its undo. */
  permit(peerId: string): () => void
  /** The relays are these from now on. */
  setRelays(relays: readonly string[]): void
}

export interface GaterDependencies {
  /** There are enough connections. */
  isFull(): boolean
  /** For its reputation. */
  isBanned(peerId: string): boolean
}

/**
 * Whom this tab dials. By address: relays by the addresses that were configured, this machine, anything else only with
 * TLS; other tabs through relays and by WebRTC. By peer: anyone until there are enough connections, as told by
 * `isFull`; then only relays and peers that were permitted, so that a DHT query cannot open ever more connections.
 *
 * Banned peers are neither dialled nor let in, but for configured relays. How many connections come in is bounded by the
 * connection manager, not here.
 */
export const createGater = (relays: readonly string[], { isFull, isBanned }: GaterDependencies): DialGater => {
  let relayIds = new Set<string | undefined>()
  let relaySockets = new Set<string>()
  const permits = new Map<string, number>()

  const setRelays = (now: readonly string[]): void => {
    const addresses = now.map((address) => multiaddr(address))
    relayIds = new Set(addresses.map(peerOf))
    relaySockets = new Set(addresses.map(socketOf))
  }
  setRelays(relays)
  const isShutOut = (peerId: string): boolean => !relayIds.has(peerId) && isBanned(peerId)

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
        return isShutOut(id) || (!relayIds.has(id) && !permits.has(id) && isFull())
      },
      // The last of its questions, which is asked for every transport: WebRTC brings its own encryption.
      denyInboundUpgradedConnection: (peer) => isShutOut(peer.toString()),
    },
    permit(peerId) {
      permits.set(peerId, (permits.get(peerId) ?? 0) + 1)
      let held = true
      return () => {
        if (!held) return
        held = false
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

/** Loopback, and the in-memory transport of tests. */
const isThisMachine = (address: Multiaddr): boolean => {
  const [first] = address.getComponents()
  return first?.name === 'memory' || loopback.test(first?.value ?? '')
}
