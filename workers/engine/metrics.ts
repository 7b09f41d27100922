import type { CacheView, MetricsView } from '../contract/views.ts'

/** What is counted; bytes are of package content. */
export type CounterName =
  | 'packages_published'
  | 'packages_installed'
  | 'gossip_messages_sent'
  | 'gossip_messages_received'
  | 'dht_lookups_total'
  | 'piece_bytes_received'
  | 'piece_bytes_sent'

/** What is measured, ms. */
export type DurationName = 'gossip_propagation_time'

export interface Metrics {
  count(name: CounterName, by?: number): void
  observe(name: DurationName, ms: number): void
  /** Of a duration the median of the latest; it is missing until there is one. */
  view(): MetricsView
}

/** Durations that are kept of each name: enough for a median, and recent. */
const maxDurations = 100

/** Counters since the engine started. */
export const createMetrics = (): Metrics => {
  const countByName: Record<CounterName, number> = {
    packages_published: 0,
    packages_installed: 0,
    gossip_messages_sent: 0,
    gossip_messages_received: 0,
    dht_lookups_total: 0,
    piece_bytes_received: 0,
    piece_bytes_sent: 0,
  }
  const durationsByName = new Map<DurationName, number[]>()
  return {
    count(name, by = 1) {
      countByName[name] += by
    },
    observe(name, ms) {
      const durations = durationsByName.get(name) ?? []
      durationsByName.set(name, [...durations, ms].slice(-maxDurations))
    },
    view: () => ({
      ...countByName,
      ...Object.fromEntries([...durationsByName].map(([name, durations]) => [name, median(durations)])),
    }),
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

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
