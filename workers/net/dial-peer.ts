import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Operation } from '../telemetry/operation.ts'

/**
 * Dials a peer by these addresses. Resolves only with a connection whose handshake proved that peer: an address may
 * lead to another peer, and libp2p resolves at once with a connection that already exists to it.
 */
export const dialPeer = async (
  node: Pick<Libp2p, 'dial'>,
  peer: PeerId,
  addresses: readonly Multiaddr[],
  operation: Operation,
): Promise<Connection> => {
  if (addresses.length === 0) throw new Error('no address of it is known')
  const connection = await node.dial([...addresses], { signal: operation.signal })
  if (!connection.remotePeer.equals(peer)) throw new AnotherPeerError()
  return connection
}

/** The dialled address led to another peer. */
export class AnotherPeerError extends Error {
  override readonly name = 'AnotherPeerError'
  constructor() {
    super('another peer answers at its address')
  }
}

/** True if every dial failed because the relay has no reservation for the peer. */
export const isGone = (error: unknown): boolean =>
  (error instanceof AggregateError ? error.errors : [error]).every(
    (each) => each instanceof Error && each.message.includes('NO_RESERVATION'),
  )
