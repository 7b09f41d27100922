/**
 * The columns of samples. Counts are of the row's second (or minute); percentiles, rates and propagation times are over
 * the minute that ends with the row; the others are the state at the end of the row.
 */

/** Protocols whose bytes are counted; `other` is the rest. */
export const trafficProtocols = ['piece', 'sync', 'query', 'dht', 'gossip', 'relay', 'other'] as const

export type TrafficProtocol = (typeof trafficProtocols)[number]

export const sampleColumns = [
  'searches',
  'search_p50',
  'search_p95',
  'dht_lookups',
  'dht_lookups_failed',
  'dht_lookup_p50',
  'dht_lookup_p95',
  'dht_lookup_p99',
  'installs',
  'install_p95',
  'cache_hits_hot',
  'cache_hits_warm',
  'cache_hits_cold',
  'cache_hits_catalogue',
  'cache_misses',
  'cache_hit_rate',
  // Of the memory tiers, over the cache's own window, and of the best possible policy (Belady's) in it.
  'cache_memory_hit_rate',
  'cache_memory_best_hit_rate',
  'gossip_sent',
  'gossip_received',
  'gossip_propagation_p50',
  'gossip_propagation_p95',
  // Commands and work for peers.
  'operations',
  'operations_failed',
  'peers_direct',
  'peers_relayed',
  'relays',
  'connections_healthy',
  'connections_degraded',
  'connections_unhealthy',
  'reputation_best',
  'reputation_avg',
  'reputation_worst',
  'storage_bytes',
  'worker_heap_bytes',
  // The longest delay of a timer in the row (ms).
  'event_loop_lag',
  ...trafficProtocols.map((protocol) => `bytes_in_${protocol}` as const),
  ...trafficProtocols.map((protocol) => `bytes_out_${protocol}` as const),
] as const

export type SampleColumn = (typeof sampleColumns)[number]

/** Columns of single peers: their score. At most 24 at a time, of connected and best known peers. */
export const reputationColumn = (peer: string): string => `reputation:${peer}`

/** The peer of such a column; undefined for any other column. */
export const peerOfColumn = (column: string): string | undefined =>
  column.startsWith('reputation:') ? column.slice('reputation:'.length) : undefined
