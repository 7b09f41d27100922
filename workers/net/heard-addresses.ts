import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { peerOf, socketOf } from './addresses.ts'

/**
 * Selects the addresses worth dialling from those that strangers name for a peer. Pure.
 *
 * Guarantees: at most `maxAddresses` remain, without duplicates; each ends in the id of that peer; none leads to this
 * node, to one of its relays in place of the peer, or through more than one relay; and none leads to this machine or
 * its local network unless a relay of this node is there too. Only the first `maxRead` addresses are read.
 *
 * Only the handshake proves that the peer is at an address (`dial-peer.ts`).
 */
export interface AddressRules {
  /** The id of this node. */
  readonly self: string
  /** Multiaddrs of the configured relays, each with its peer id. */
  readonly relays: readonly Multiaddr[]
}

/** The limit of a libp2p dial. */
export const maxAddresses = 10

/** A tab has two addresses for each of its relays (at most 8), and its own. */
const maxRead = 32

/** A multiaddr through a relay with a long host name and two peer ids has about 170 bytes. */
const maxAddressBytes = 400

export const dialableAddresses = (
  heard: readonly Multiaddr[],
  peer: string,
  { self, relays }: AddressRules,
): Multiaddr[] => {
  if (peer === self) return []
  // Without relays, all strangers are named by peers that a person connected by hand, in any scope.
  const reach = relays.length === 0 ? scopes.machine : Math.min(Math.max(...relays.map(scopeOf)), scopes.machine)
  const relaySockets = new Set(relays.filter((relay) => peerOf(relay) !== peer).map(socketOf))
  const found = new Map<string, Multiaddr>()
  for (const address of heard.slice(0, maxRead)) {
    if (found.size >= maxAddresses) break
    if (address.bytes.length > maxAddressBytes) continue
    const whole = withPeer(address, peer)
    if (whole === undefined || !isPathTo(whole, peer, self)) continue
    if (scopeOf(whole) > reach || (!isCircuit(whole) && relaySockets.has(socketOf(whole)))) continue
    found.set(whole.toString(), whole)
  }
  return [...found.values()]
}

/** Returns the address with the peer's id appended; undefined if it ends in the id of another peer. */
const withPeer = (address: Multiaddr, peer: string): Multiaddr | undefined => {
  const last = address.getComponents().at(-1)
  if (last === undefined) return undefined
  if (last.name === 'p2p') return last.value === peer ? address : undefined
  return address.encapsulate(multiaddr(`/p2p/${peer}`))
}

/** True if the address leads straight to the peer, or through one relay that is neither the peer nor this node. */
const isPathTo = (address: Multiaddr, peer: string, self: string): boolean => {
  const components = address.getComponents()
  const circuits = components.filter(({ name }) => name === 'p2p-circuit').length
  const peers = components.flatMap(({ name, value }) => (name === 'p2p' ? [value] : []))
  if (components[0]?.value === undefined || components[0].name === 'p2p') return false
  if (circuits === 0) return peers.length === 1 && !components.some(({ name }) => name === 'webrtc')
  const [relay] = peers
  return circuits === 1 && peers.length === 2 && relay !== self && relay !== peer
}

const isCircuit = (address: Multiaddr): boolean => address.getComponents().some(({ name }) => name === 'p2p-circuit')

/** Where a host is reachable from. A node with a relay in a narrow scope can reach peers in that scope. */
const scopes = { world: 0, network: 1, machine: 2, nowhere: 3 } as const

/**
 * The narrowest scope of all hosts in the address: the first host of a relayed address is the relay's, and a TLS name
 * (`sni`) overrides the host that is dialled. `dnsaddr` counts as nowhere, because its owner can point it anywhere.
 */
const scopeOf = (address: Multiaddr): number =>
  Math.max(
    ...address.getComponents().map(({ name, value = '' }, at) => {
      if (name === 'ip4') return scopeOfIp4(value)
      if (name === 'ip6') return scopeOfIp6(value.toLowerCase())
      if (name === 'dns' || name === 'dns4' || name === 'dns6' || name === 'sni')
        return scopeOfName(value.toLowerCase())
      // The memory transport of tests has no hosts.
      const isOther = name === 'dnsaddr' || name === 'ip6zone' || (at === 0 && name !== 'memory')
      return isOther ? scopes.nowhere : scopes.world
    }),
  )

/** Recognises names that mean this machine or network. Where other names lead shows only when they are resolved. */
const scopeOfName = (value: string): number => {
  const name = value.replace(/\.$/, '')
  // Internationalised names arrive in ASCII. Characters of a user, port or path make the name invalid.
  if (!/^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/.test(name)) return scopes.nowhere
  // Browsers parse a name that ends in a number as an IPv4 address, in several notations.
  if (/(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(name)) return scopes.nowhere
  if (name === 'localhost' || name.endsWith('.localhost')) return scopes.machine
  return !name.includes('.') || /\.(local|lan|home|internal|home\.arpa)$/.test(name) ? scopes.network : scopes.world
}

const scopeOfIp4 = (value: string): number => {
  const [a = 0, b = 0] = value.split('.').map(Number)
  if (a === 0 || a === 127) return scopes.machine
  const isPrivate =
    a === 10 ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 169 && b === 254) ||
    (a === 100 && b >= 64 && b < 128) ||
    a >= 224
  return isPrivate ? scopes.network : scopes.world
}

const scopeOfIp6 = (value: string): number => {
  // This machine, and embedded IPv4 addresses: compatible, mapped, translated, 6to4.
  if (/^(?:::|64:ff9b:|2002:)/.test(value)) return scopes.machine
  // Link-local, unique local and multicast addresses.
  return /^(fe[89a-f]|f[cd]|ff)/.test(value) ? scopes.network : scopes.world
}
