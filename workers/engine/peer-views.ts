import type { PeerView } from '../contract/views.ts'
import type { Pool } from '../net/pool/pool.ts'
import { wallNow } from '../stack/steady-date.ts'

/** The pool's peers as the page shows them, by the clock that people see. */
export const toPeerViews = (pool: Pool, isRelay: (peerId: string) => boolean): PeerView[] =>
  pool
    .peers()
    .map(({ id, connection, direct, health, rttMs, kept }) => ({
      peerId: id.toString(),
      kind: isRelay(id.toString()) ? 'relay' : 'peer',
      path: direct ? 'direct' : 'relayed',
      address: connection.remoteAddr.toString(),
      connectedAt: wallNow() - (Date.now() - connection.timeline.open),
      ...(rttMs === undefined ? {} : { rttMs }),
      health: health.state,
      healthReason: health.reason,
      kept,
    }))
