import type { PeerInfo } from '@libp2p/interface'
import type { PeerNode } from './create-node.ts'
import type { KnownPeers } from './known-peers.ts'
import type { Pool } from './pool/pool.ts'

/** Interval between samples of the connected peers (ms). Only peers in two samples in a row are recorded. */
const sampleIntervalMs = 10_000

/** Interval after which an unchanged set of peers is recorded again, to update when they were last seen (ms). */
const renewMs = 300_000

/** Records healthy, directly connected peers with all addresses they announced. Returns its undo. */
export const recordKnownPeers = (node: PeerNode, pool: Pool, knownPeers: KnownPeers): (() => void) => {
  let before = new Set<string>()
  let recorded = ''
  let recordedAt = performance.now()

  const infoOf = async (peer: ReturnType<Pool['peers']>[number]): Promise<PeerInfo> => {
    const announced = await node.libp2p.peerStore.get(peer.id).then(
      ({ addresses }) => addresses.map(({ multiaddr }) => multiaddr),
      () => [],
    )
    // A dialled address comes first, because it worked. The remote address of an inbound connection cannot be dialled.
    const { direction, remoteAddr } = peer.connection
    return { id: peer.id, multiaddrs: direction === 'outbound' ? [remoteAddr, ...announced] : announced }
  }

  const sample = async (): Promise<void> => {
    const healthy = pool
      .peers()
      .filter(({ id, direct, health }) => direct && !node.isRelay(`${id}`) && health.state === 'healthy')
    const stayed = healthy.filter(({ id }) => before.has(id.toString()))
    before = new Set(healthy.map(({ id }) => id.toString()))
    const ids = stayed
      .map(({ id }) => id.toString())
      .sort()
      .join(' ')
    if (ids === '' || (ids === recorded && performance.now() - recordedAt < renewMs)) return
    recorded = ids
    recordedAt = performance.now()
    knownPeers.record(await Promise.all(stayed.map(infoOf)))
  }

  const timer = setInterval(sample, sampleIntervalMs)
  return () => clearInterval(timer)
}
