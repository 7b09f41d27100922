import type { PoolCounts } from '../net/pool/pool-counts.ts'
import type { EngineEvents } from './events.ts'

/**
 * Reports peers and relays that came and went since the last call. A connection that opens and closes between two calls
 * is no event.
 */
export const createPeerEvents = ({ emit }: Pick<EngineEvents, 'emit'>): ((counts: PoolCounts) => void) => {
  let peers: ReadonlySet<string> = new Set()
  let relays: ReadonlySet<string> = new Set()
  return (counts) => {
    const connected = new Set([...counts.direct, ...counts.relayed])
    for (const peer of connected) if (!peers.has(peer)) emit('peer-joined', peer)
    for (const peer of peers) if (!connected.has(peer)) emit('peer-left', peer)
    for (const relay of counts.relays) if (!relays.has(relay)) emit('relay-connected', relay)
    for (const relay of relays) if (!counts.relays.has(relay)) emit('relay-lost', relay)
    peers = connected
    relays = counts.relays
  }
}
