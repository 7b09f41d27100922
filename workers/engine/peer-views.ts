import type { PeerView } from '../contract/views.ts'
import type { Pool } from '../net/pool/pool.ts'
import type { Traffic } from '../net/traffic.ts'

export interface PeerViewSources {
  pool: Pick<Pool, 'peers'>
  traffic: Pick<Traffic, 'ofPeer'>
  isRelay(peerId: string): boolean
  scoreOf(peerId: string): number
  /** Wall clock (ms). */
  now(): number
}

/** The pool's peers as the page shows them. */
export const toPeerViews = ({ pool, traffic, isRelay, scoreOf, now }: PeerViewSources): PeerView[] =>
  pool.peers().map(({ id, connection, direct, health, rttMs, kept }) => {
    const peerId = id.toString()
    const bytes = traffic.ofPeer(peerId)
    return {
      peerId,
      kind: isRelay(peerId) ? 'relay' : 'peer',
      path: direct ? 'direct' : 'relayed',
      address: connection.remoteAddr.toString(),
      // biome-ignore lint/plugin: libp2p dates connections by `Date`, which a worker replaces by a steady one.
      connectedAt: now() - (Date.now() - connection.timeline.open),
      ...(rttMs === undefined ? {} : { rttMs }),
      health: health.state,
      healthReason: health.reason,
      kept,
      score: scoreOf(peerId),
      bytesIn: bytes.in,
      bytesOut: bytes.out,
      recentBytesIn: bytes.recentIn,
      recentBytesOut: bytes.recentOut,
    }
  })
