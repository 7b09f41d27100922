import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'

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
  const reach = relays.length === 0 ? scopes.machine : Math.max(...relays.map(scopeOf))
  const relaySockets = new Set(relays.filter((relay) => lastPeer(relay) !== peer).map(socketOf))
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

const lastPeer = (address: Multiaddr): string | undefined =>
  address.getComponents().findLast(({ name }) => name === 'p2p')?.value

/** Host, port and how to talk, without the peer. */
const socketOf = (address: Multiaddr): string =>
  address
    .getComponents()
    .filter(({ name }) => name !== 'p2p')
    .map(({ name, value }) => `${name}/${value ?? ''}`)
    .join('/')

/** From where a host can be reached: a node with a relay in a narrow scope reaches peers there. */
const scopes = { world: 0, network: 1, machine: 2 } as const

/** By the first part, which is the host that is dialled: of a relayed address it is the relay's. */
const scopeOf = (address: Multiaddr): number => {
  const [first] = address.getComponents()
  const { name, value = '' } = first ?? { name: '' }
  // Transports of tests have no hosts.
  if (name === 'memory') return scopes.world
  if (name === 'ip4') return scopeOfIp4(value)
  if (name === 'ip6') return scopeOfIp6(value.toLowerCase())
  const host = value.toLowerCase().replace(/\.$/, '')
  if (host === 'localhost' || host.endsWith('.localhost')) return scopes.machine
  return !host.includes('.') || /\.(local|lan|home|internal|home\.arpa)$/.test(host) ? scopes.network : scopes.world
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
  const mapped = /^(?:::ffff:|64:ff9b::)(\d+\.\d+\.\d+\.\d+)$/.exec(value)?.[1]
  if (mapped !== undefined) return scopeOfIp4(mapped)
  if (value === '::1' || value === '::') return scopes.machine
  // Mapped addresses in hexadecimal, link-local, unique local and multicast ones.
  if (/^::ffff:/.test(value)) return scopes.machine
  return /^(fe[89a-f]|f[cd]|ff)/.test(value) ? scopes.network : scopes.world
}
