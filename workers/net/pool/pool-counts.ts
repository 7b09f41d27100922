import type { Connection } from '@libp2p/interface'
import { isDirect } from '../addresses.ts'
import type { HealthState } from './health.ts'

/** Connected peers, each in one of the sets, and open connections by health. */
export interface PoolCounts {
  /** Peers with a proven direct connection. */
  readonly direct: ReadonlySet<string>
  /** Peers that are reached only through a relay. */
  readonly relayed: ReadonlySet<string>
  readonly relays: ReadonlySet<string>
  readonly health: Readonly<Record<HealthState, number>>
}

export interface CountedConnections {
  isRelay(peer: string): boolean
  worksDirectly(connection: Connection): boolean
  healthOf(connection: Connection): HealthState
}

/** Counts open connections. Leaves out peers whose only connections are unproven. */
export const countConnections = (
  connections: readonly Connection[],
  { isRelay, worksDirectly, healthOf }: CountedConnections,
): PoolCounts => {
  const direct = new Set<string>()
  const relayed = new Set<string>()
  const relays = new Set<string>()
  const health = { healthy: 0, degraded: 0, unhealthy: 0 }
  for (const connection of connections) {
    health[healthOf(connection)] += 1
    const peer = connection.remotePeer.toString()
    if (isRelay(peer)) relays.add(peer)
    else if (worksDirectly(connection)) direct.add(peer)
    else if (!isDirect(connection)) relayed.add(peer)
  }
  for (const peer of direct) relayed.delete(peer)
  return { direct, relayed, relays, health }
}
