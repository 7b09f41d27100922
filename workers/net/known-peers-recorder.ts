import type { PeerInfo } from '@libp2p/interface'
import type { PeerNode } from './create-node.ts'
import type { KnownPeers } from './known-peers.ts'
import type { Pool } from './pool/pool.ts'

/** How often it is looked who is there, ms; a peer that stays shorter is nobody to come back to. */
const lookMs = 10_000

/** Peers that stay are noted again so often, ms, so that it shows when they were seen last. */
const renewMs = 300_000

/** Notes the peers that are connected directly and work well, with all addresses they told. Returns its undo. */
export const recordKnownPeers = (node: PeerNode, pool: Pool, remembered: KnownPeers): (() => void) => {
  let before = new Set<string>()
  let noted = ''
  let notedAt = performance.now()

  const infoOf = async (peer: ReturnType<Pool['peers']>[number]): Promise<PeerInfo> => {
    const told = await node.libp2p.peerStore.get(peer.id).then(
      ({ addresses }) => addresses.map(({ multiaddr }) => multiaddr),
      () => [],
    )
    // The way by which it was reached comes first, if we dialled; the remote end of one that came in leads nowhere.
    const { direction, remoteAddr } = peer.connection
    return { id: peer.id, multiaddrs: direction === 'outbound' ? [remoteAddr, ...told] : told }
  }

  const look = async (): Promise<void> => {
    const here = pool
      .peers()
      .filter(({ id, direct, health }) => direct && !node.isRelay(`${id}`) && health.state === 'healthy')
    const stayed = here.filter(({ id }) => before.has(id.toString()))
    before = new Set(here.map(({ id }) => id.toString()))
    const ids = stayed
      .map(({ id }) => id.toString())
      .sort()
      .join(' ')
    if (ids === '' || (ids === noted && performance.now() - notedAt < renewMs)) return
    noted = ids
    notedAt = performance.now()
    remembered.see(await Promise.all(stayed.map(infoOf)))
  }

  const timer = setInterval(look, lookMs)
  return () => clearInterval(timer)
}
