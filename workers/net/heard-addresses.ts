import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { peerOf, socketOf } from './addresses.ts'

/**
 * Which of the addresses that strangers name for a peer are worth a dial. Pure.
 *
 * Guarantees: at most `maxAddresses` remain, each once, each ends in the id of that peer, and none leads to this node, to
 * one of its relays in the peer's place, through more than one relay, or to this machine or its local network unless one
 * of its relays is there too. However many are named, only the first `maxRead` are read.
 *
 * It does not guarantee that the peer is there: only the handshake proves that (`dial-peer.ts`).
 */
export interface AddressRules {
  /** The id of this node. */
  readonly self: string
  /** Multiaddrs of the configured relays, each with its peer id. */
  readonly relays: readonly Multiaddr[]
}

/** A libp2p dial tries no more. */
export const maxAddresses = 10

/** A tab has two addresses for each of its relays, of which there are at most 8, and its own. */
const maxRead = 32

/** A multiaddr through a relay with a long host name and two peer ids has about 170 bytes. */
const maxAddressBytes = 400

export const dialableAddresses = (
  heard: readonly Multiaddr[],
  peer: string,
  { self, relays }: AddressRules,
): Multiaddr[] => {
  if (peer === self) return []
  // Without relays all strangers are met through peers that a person connected to by hand, wherever those are.
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

/** The address with the peer's id at its end; undefined for one that ends in another peer's. */
const withPeer = (address: Multiaddr, peer: string): Multiaddr | undefined => {
  const last = address.getComponents().at(-1)
  if (last === undefined) return undefined
  if (last.name === 'p2p') return last.value === peer ? address : undefined
  return address.encapsulate(multiaddr(`/p2p/${peer}`))
}

/** Straight to the peer, or through one relay that is neither the peer nor this node. */
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

/** From where a host can be reached: a node with a relay in a narrow scope reaches peers there. */
const scopes = { world: 0, network: 1, machine: 2, nowhere: 3 } as const

/**
 * The narrowest of all hosts that are named: of a relayed address the first is the relay's, and where TLS names another
 * (`sni`), that one is dialled. `dnsaddr` stands for whatever its owner likes, so it leads nowhere.
 */
const scopeOf = (address: Multiaddr): number =>
  Math.max(
    ...address.getComponents().map(({ name, value = '' }, at) => {
      if (name === 'ip4') return scopeOfIp4(value)
      if (name === 'ip6') return scopeOfIp6(value.toLowerCase())
      if (name === 'dns' || name === 'dns4' || name === 'dns6' || name === 'sni')
        return scopeOfName(value.toLowerCase())
      // Transports of tests have no hosts.
      const isOther = name === 'dnsaddr' || name === 'ip6zone' || (at === 0 && name !== 'memory')
      return isOther ? scopes.nowhere : scopes.world
    }),
  )

/** Where a name leads is only seen when it is looked up; what names this machine or network by itself is seen here. */
const scopeOfName = (value: string): number => {
  const name = value.replace(/\.$/, '')
  // Names in another alphabet are written in this one. What stands for a user, a port or a path is no name.
  if (!/^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/.test(name)) return scopes.nowhere
  // With a number at its end a browser reads it as an IPv4 address, in any of several notations.
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
  // This machine, and IPv4 addresses of any kind in one of four disguises: compatible, mapped, translated, 6to4.
  if (/^(?:::|64:ff9b:|2002:)/.test(value)) return scopes.machine
  // Link-local, unique local and multicast ones.
  return /^(fe[89a-f]|f[cd]|ff)/.test(value) ? scopes.network : scopes.world
}
