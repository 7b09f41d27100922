import type { CacheView, MetricsView } from '../contract/views.ts'

/** What is counted; bytes are of package content. */
export type CounterName =
  | 'packages_published'
  | 'packages_installed'
  | 'gossip_messages_received'
  | 'dht_lookups_total'
  | 'piece_bytes_received'
  | 'piece_bytes_sent'

export interface Metrics {
  count(name: CounterName, by?: number): void
  view(): MetricsView
}

/** Counters since the engine started. */
export const createMetrics = (): Metrics => {
  const countByName: Record<CounterName, number> = {
    packages_published: 0,
    packages_installed: 0,
    gossip_messages_received: 0,
    dht_lookups_total: 0,
    piece_bytes_received: 0,
    piece_bytes_sent: 0,
  }
  return {
    count(name, by = 1) {
      countByName[name] += by
    },
    view: () => ({ ...countByName }),
  }
}

/** The cache's figures by their metric names. */
export const cacheMetrics = ({ hits, misses, hitRate, memory }: CacheView): MetricsView => ({
  'cache_hits_total{tier="hot"}': hits.hot,
  'cache_hits_total{tier="warm"}': hits.warm,
  'cache_hits_total{tier="cold"}': hits.cold,
  'cache_hits_total{tier="catalogue"}': hits.catalogue,
  cache_misses_total: misses,
  cache_hit_rate: hitRate,
  cache_memory_hit_rate: memory.hitRate,
  cache_memory_best_hit_rate: memory.best,
})
