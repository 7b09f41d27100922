import type { Connection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Operation } from '../telemetry/operation.ts'
import type { Libp2pNode } from './create-node.ts'

/**
 * Dials a peer by these addresses. Resolves only with a connection to that very peer, which its handshake has proven: an
 * address may lead to another peer, which then answers at once where it is connected already.
 */
export const dialPeer = async (
  node: Pick<Libp2pNode, 'dial'>,
  peer: PeerId,
  addresses: readonly Multiaddr[],
  operation: Operation,
): Promise<Connection> => {
  if (addresses.length === 0) throw new Error('no address of it is known')
  const connection = await node.dial([...addresses], { signal: operation.signal })
  if (!connection.remotePeer.equals(peer)) throw new AnotherPeerError()
  return connection
}

/** The address leads to another peer than it was named for. */
export class AnotherPeerError extends Error {
  override readonly name = 'AnotherPeerError'
  constructor() {
    super('another peer answers at its address')
  }
}

/** Its relay says that it is not there, and there is no other way to it. */
export const isGone = (error: unknown): boolean =>
  (error instanceof AggregateError ? error.errors : [error]).every(
    (each) => each instanceof Error && each.message.includes('NO_RESERVATION'),
  )
