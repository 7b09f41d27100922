import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** What a multiaddr, or a connection, says about the way to a peer. */

export const isWebRtc = (address: Multiaddr): boolean => hasPart(address, 'webrtc')

/** True for an address by which only a relayed connection comes about. */
export const isRelayed = (address: Multiaddr): boolean => hasPart(address, 'p2p-circuit') && !isWebRtc(address)

const hasPart = (address: Multiaddr, part: string): boolean => address.getComponents().some(({ name }) => name === part)

/** True for a connection that goes to the peer itself; false for one that a relay passes on, within limits. */
export const isDirect = (connection: Pick<Connection, 'direct' | 'limits'>): boolean =>
  connection.direct && connection.limits === undefined

/** The last peer that an address names, which is the one it leads to. */
export const peerOf = (address: Multiaddr): string | undefined =>
  address
    .getComponents()
    .filter(({ name }) => name === 'p2p')
    .at(-1)?.value

/** The address without the peer: host, port and how to talk. */
export const socketOf = (address: Multiaddr): string =>
  address
    .getComponents()
    .filter(({ name }) => name !== 'p2p')
    .map(({ name, value }) => `${name}/${value ?? ''}`)
    .join('/')

/** Host and port of a network address, `127.0.0.1:9001`, for people; the whole address where it has none. */
export const hostOf = (address: Multiaddr): string => {
  const [host, port] = address.getComponents()
  return host?.value === undefined || port?.value === undefined ? address.toString() : `${host.value}:${port.value}`
}

/** The addresses that a peer has if it holds a reservation at a relay that we are connected to by `relayAddress`. */
export const addressesThrough = (
  relayAddress: Multiaddr,
  peerId: string,
): { webRtc: Multiaddr; relayed: Multiaddr } => {
  const circuit = relayAddress.encapsulate('/p2p-circuit')
  return { webRtc: circuit.encapsulate(`/webrtc/p2p/${peerId}`), relayed: circuit.encapsulate(`/p2p/${peerId}`) }
}
