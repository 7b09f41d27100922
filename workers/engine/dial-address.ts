import { multiaddr } from '@multiformats/multiaddr'
import { Failure } from '../contract/failures.ts'
import type { PeerNode } from '../net/create-node.ts'
import type { Operation } from '../telemetry/operation.ts'

/** Timeout of a manual dial (ms); a WebRTC dial through a relay takes under 1 s where it works. */
const dialTimeoutMs = 20_000

/**
 * Dials an address entered by a person, past the connection gater.
 * @throws Failure `InvalidArgument` for a malformed multiaddr, `PeerUnreachable` when the dial fails.
 */
export const createDialAddress =
  ({ libp2p, gater }: Pick<PeerNode, 'libp2p' | 'gater'>) =>
  async (address: string, operation: Operation): Promise<void> => {
    const target = parseAddress(address)
    const peer = target.getComponents().findLast(({ name }) => name === 'p2p')?.value
    if (peer === libp2p.peerId.toString()) throw new Failure('PeerUnreachable', { code: 'own-address' })
    const undo = peer === undefined ? () => {} : gater.permit(peer)
    try {
      await libp2p.dial(target, { signal: operation.withTimeout(dialTimeoutMs).signal })
    } catch (error) {
      throw new Failure('PeerUnreachable', {
        code: 'address-unreachable',
        address,
        detail: error instanceof Error ? error.message : String(error),
      })
    } finally {
      undo()
    }
  }

const parseAddress = (address: string): ReturnType<typeof multiaddr> => {
  try {
    return multiaddr(address)
  } catch {
    throw new Failure('InvalidArgument', { code: 'malformed-address', address: String(address) })
  }
}
