/**
 * Every metric of the engine: its unit (UCUM) and meaning. Names are those of docs/telemetry.md; labels are bounded.
 */
export interface Instrument {
  readonly unit: string
  readonly description: string
}

export const counters = {
  operations_total: {
    unit: '{operation}',
    description: 'Finished commands, by command and outcome (ok, failed, cancelled)',
  },
  dht_lookups_total: { unit: '{lookup}', description: 'Head lookups in the DHT that asked a peer, by outcome' },
  gossip_messages_sent: { unit: '{message}', description: 'Announcements published or forwarded' },
  gossip_messages_received: { unit: '{message}', description: 'Announcements received, by verdict' },
  cache_hits_total: { unit: '{request}', description: 'Cache hits, by tier' },
  cache_misses_total: { unit: '{request}', description: 'Cache misses' },
  packages_published: { unit: '{package}', description: 'Packages published here' },
  packages_installed: { unit: '{package}', description: 'Packages installed here, dependencies included' },
  piece_bytes_received: { unit: 'By', description: 'Package content received from peers and verified' },
  piece_bytes_sent: { unit: 'By', description: 'Package content sent to peers' },
  bytes_total: { unit: 'By', description: 'Bytes on streams, by direction (in, out) and protocol' },
  connection_errors_total: { unit: '{dial}', description: 'Dials and connections that failed, by kind' },
  verification_failures_total: {
    unit: '{failure}',
    description:
      'Invalid data from peers, by kind: violations (hash, signature, malformed), and records that were refused',
  },
  traces_not_kept: { unit: '{trace}', description: 'Finished traces that were not kept, by reason (rate, queue)' },
  events_total: { unit: '{event}', description: 'Events of the engine, by kind' },
} as const satisfies Record<string, Instrument>

export const histograms = {
  dht_lookup_duration: { unit: 'ms', description: 'Duration of head lookups in the DHT that asked a peer, by outcome' },
  dht_lookup_hops: {
    unit: '{hop}',
    description: 'Answers on the way to the first valid head; 0 when it was kept here',
  },
  dht_lookup_requests: { unit: '{request}', description: 'Peers asked by a head lookup' },
  dht_lookup_dials: { unit: '{dial}', description: 'Peers that a head lookup dialled' },
  dht_fan_out_effectiveness: { unit: '1', description: 'Share of the peers asked by a head lookup that answered' },
  gossip_propagation_time: {
    unit: 'ms',
    description: 'From the publication to the arrival of announcements published since this node joined',
  },
  package_search_duration: { unit: 'ms', description: 'Duration of local searches' },
  package_install_duration: { unit: 'ms', description: 'Duration of successful installs' },
} as const satisfies Record<string, Instrument>

export const gauges = {
  dht_success_rate: { unit: '1', description: 'Share of the latest head lookups that found a head' },
  cache_hit_rate: { unit: '1', description: 'Share of cache hits in all requests' },
  active_peers: { unit: '{peer}', description: 'Connected peers, relays not counted' },
  peer_reputation: { unit: '{peer}', description: 'Known peers, by bucket of their score' },
  peer_reputation_avg: { unit: '1', description: 'Mean score of the known peers' },
  connection_pool: { unit: '{connection}', description: 'Open connections, by health' },
  storage_bytes: { unit: 'By', description: 'Bytes stored on this device, by kind' },
  worker_heap_bytes: { unit: 'By', description: 'Heap of the worker, where the browser tells it' },
  worker_event_loop_lag: { unit: 'ms', description: 'Longest delay of a timer in the last second' },
} as const satisfies Record<string, Instrument>

export type CounterName = keyof typeof counters
export type HistogramName = keyof typeof histograms
export type GaugeName = keyof typeof gauges
