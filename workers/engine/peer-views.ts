import type { PeerView } from '../contract/views.ts'
import type { Pool } from '../net/pool/pool.ts'

/** The pool's peers as the page shows them, by the wall clock `now` (ms). */
export const toPeerViews = (pool: Pool, isRelay: (peerId: string) => boolean, now: () => number): PeerView[] =>
  pool.peers().map(({ id, connection, direct, health, rttMs, kept }) => ({
    peerId: id.toString(),
    kind: isRelay(id.toString()) ? 'relay' : 'peer',
    path: direct ? 'direct' : 'relayed',
    address: connection.remoteAddr.toString(),
    // biome-ignore lint/plugin: libp2p dates connections by `Date`, which a worker replaces by a steady one.
    connectedAt: now() - (Date.now() - connection.timeline.open),
    ...(rttMs === undefined ? {} : { rttMs }),
    health: health.state,
    healthReason: health.reason,
    kept,
  }))
