import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'

/** Reads the path to a peer from a multiaddr or a connection. */

export const isWebRtc = (address: Multiaddr): boolean => hasPart(address, 'webrtc')

/** True for an address that yields only relayed connections. */
export const isRelayed = (address: Multiaddr): boolean => hasPart(address, 'p2p-circuit') && !isWebRtc(address)

const hasPart = (address: Multiaddr, part: string): boolean => address.getComponents().some(({ name }) => name === part)

/** True for a connection to the peer itself; false for one through a relay, which has limits. */
export const isDirect = (connection: Pick<Connection, 'direct' | 'limits'>): boolean =>
  connection.direct && connection.limits === undefined

/** The last peer id of an address: the peer it leads to. */
export const peerOf = (address: Multiaddr): string | undefined =>
  address
    .getComponents()
    .filter(({ name }) => name === 'p2p')
    .at(-1)?.value

/** The address without peer ids: host, port and transports. */
export const socketOf = (address: Multiaddr): string =>
  address
    .getComponents()
    .filter(({ name }) => name !== 'p2p')
    .map(({ name, value }) => `${name}/${value ?? ''}`)
    .join('/')

/** Host and port of an address for display, as `127.0.0.1:9001`; the whole address if it has none. */
export const hostOf = (address: Multiaddr): string => {
  const [host, port] = address.getComponents()
  return host?.value === undefined || port?.value === undefined ? address.toString() : `${host.value}:${port.value}`
}

/** The addresses of a peer that holds a reservation at the relay that we reach by `relayAddress`. */
export const addressesThrough = (
  relayAddress: Multiaddr,
  peerId: string,
): { webRtc: Multiaddr; relayed: Multiaddr } => {
  const circuit = relayAddress.encapsulate('/p2p-circuit')
  return { webRtc: circuit.encapsulate(`/webrtc/p2p/${peerId}`), relayed: circuit.encapsulate(`/p2p/${peerId}`) }
}
