import type { FigureTable } from './figures.ts'
import { processFigures } from './process-figures.ts'

/** Metrics of the relay's process. */
export const relayFigures = {
  ...processFigures('relay'),
  ggen_relay_connections: {
    kind: 'gauge',
    unit: '{connection}',
    description: 'Open connections, of peers with a reservation (reserved) and of others (other)',
    labels: ['kind'],
  },
  ggen_relay_reservations: { kind: 'gauge', unit: '{reservation}', description: 'Reservations in use', labels: [] },
  ggen_relay_reservation_requests_total: {
    kind: 'counter',
    unit: '{request}',
    description: 'Requests for a reservation, by outcome (ok, refused, failed)',
    labels: ['outcome'],
  },
  ggen_relay_circuits: {
    kind: 'gauge',
    unit: '{circuit}',
    description: 'Open relayed connections between two peers',
    labels: [],
  },
  ggen_relay_circuit_requests_total: {
    kind: 'counter',
    unit: '{request}',
    description: 'Requests for a relayed connection, by outcome (ok, refused, failed)',
    labels: ['outcome'],
  },
  ggen_relay_relayed_bytes_total: {
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of relayed connections, in both directions',
    labels: [],
  },
  ggen_relay_gossip_messages_total: {
    kind: 'counter',
    unit: '{message}',
    description: 'Announcements received, by verdict (new, known, invalid)',
    labels: ['verdict'],
  },
  ggen_relay_gossip_subscribers: {
    kind: 'gauge',
    unit: '{peer}',
    description: 'Peers that subscribe to announcements',
    labels: [],
  },
  ggen_relay_dht_requests_total: {
    kind: 'counter',
    unit: '{request}',
    description: 'DHT requests of peers, by type and outcome (ok, failed)',
    labels: ['type', 'outcome'],
  },
  ggen_relay_dht_routing_table_peers: {
    kind: 'gauge',
    unit: '{peer}',
    description: 'Peers in the routing table of the DHT',
    labels: [],
  },
} as const satisfies FigureTable<string>

export type RelayFigure = keyof typeof relayFigures
