import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { Libp2p } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { type HopOutcome, watchHops } from '../../workers/libp2p-internals/circuit-relay.ts'
import { watchRequests } from '../../workers/libp2p-internals/kad-dht.ts'
import type { Verdict } from '../../workers/stack/topic-validator.ts'
import type { Span, Tracer } from '../../workers/telemetry/telemetry.ts'
import type { Figures } from './figures.ts'
import type { RelayFigure } from './relay-figures.ts'

export interface RelayTelemetry {
  tracer: Tracer
  figures: Figures<RelayFigure>
  /** Replaces the id of a peer in spans. */
  hashPeer(peer: string): string
}

type ObservedNode = Pick<
  Libp2p<{ relay: CircuitRelayService; dht: KadDHT } & Record<string, unknown>>,
  'services' | 'getConnections'
>

/** Request types of kad-dht; a peer may send others. */
const requestTypes = new Set(['PUT_VALUE', 'GET_VALUE', 'ADD_PROVIDER', 'GET_PROVIDERS', 'FIND_NODE', 'PING'])

/**
 * Counts and traces the reservations, relayed connections, announcements and DHT requests of a relay.
 * @throws InternalsChanged
 */
export const observeRelay = (
  node: ObservedNode,
  health: () => { reservations: number; routingTable: number; subscribers: number },
  { tracer, figures, hashPeer }: RelayTelemetry,
): { onAnnouncement(from: string): (verdict: Verdict) => void } => {
  const { relay, dht } = node.services
  let openCircuits = 0

  const end = (span: Span, outcome: HopOutcome): void => {
    span.setAttributes({ outcome })
    if (outcome === 'failed') span.recordException(new Error(outcome))
    span.end()
  }

  watchHops(relay, {
    onReserve(peer) {
      const span = tracer.startSpan('relay_reserve', { attributes: { peer: hashPeer(peer) } })
      return (outcome) => {
        figures.add('ggen_relay_reservation_requests_total', 1, { outcome })
        end(span, outcome)
      }
    },
    onConnect(from) {
      const span = tracer.startSpan('relay_circuit', { attributes: { from: hashPeer(from) } })
      return (outcome, to) => {
        figures.add('ggen_relay_circuit_requests_total', 1, { outcome })
        if (to !== undefined) span.setAttributes({ to: hashPeer(to) })
        end(span, outcome)
      }
    },
    onOpen() {
      openCircuits += 1
      return () => {
        openCircuits -= 1
      }
    },
    onBytes: (count) => figures.add('ggen_relay_relayed_bytes_total', count),
  })

  watchRequests(dht, ({ peer, type: sent }) => {
    const type = typeof sent === 'string' && requestTypes.has(sent) ? sent : 'other'
    const span = tracer.startSpan('dht_request', { attributes: { peer: hashPeer(peer), type } })
    return (error) => {
      const outcome = error === undefined ? 'ok' : 'failed'
      figures.add('ggen_relay_dht_requests_total', 1, { type, outcome })
      span.setAttributes({ outcome })
      if (error !== undefined) span.recordException(error)
      span.end()
    }
  })

  figures.observe('ggen_relay_reservations', () => health().reservations)
  figures.observe('ggen_relay_dht_routing_table_peers', () => health().routingTable)
  figures.observe('ggen_relay_gossip_subscribers', () => health().subscribers)
  figures.observe('ggen_relay_circuits', () => openCircuits)
  figures.observe('ggen_relay_connections', () => {
    const connections = node.getConnections()
    const reserved = connections.filter(({ remotePeer }) => relay.reservations.has(remotePeer)).length
    return [
      { value: reserved, attributes: { kind: 'reserved' } },
      { value: connections.length - reserved, attributes: { kind: 'other' } },
    ]
  })

  return {
    onAnnouncement(from) {
      const span = tracer.startSpan('gossip_receive', { attributes: { peer: hashPeer(from) } })
      return (verdict) => {
        figures.add('ggen_relay_gossip_messages_total', 1, { verdict })
        span.setAttributes({ verdict })
        span.end()
      }
    },
  }
}
