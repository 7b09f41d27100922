import type { CacheFigures, CacheView, MetricsView } from '../contract/views.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'

/** The counters that scripts read. Bytes are of package content. */
const shownCounters = [
  'packages_published',
  'packages_installed',
  'gossip_messages_sent',
  'gossip_messages_received',
  'piece_bytes_received',
  'piece_bytes_sent',
] as const

/** The latest durations in a median: enough for one, and recent. */
const maxDurations = 100

/** Counters since the engine started, and the median (ms) of the latest durations, missing until there is one. */
export const viewMetrics = (figures: Pick<MeterReader, 'sum' | 'latest'>): MetricsView => {
  const propagation = figures.latest('gossip_propagation_time', maxDurations).map(({ value }) => value)
  return {
    ...Object.fromEntries(shownCounters.map((counter) => [counter, figures.sum(counter)])),
    ...(propagation.length === 0 ? {} : { gossip_propagation_time: median(propagation) }),
  }
}

/** The cache's figures by their metric names: of all kinds of values together, then of each. */
export const cacheMetrics = ({ hits, misses, hitRate, memory, kinds }: CacheView): MetricsView => ({
  'cache_hits_total{tier="hot"}': hits.hot,
  'cache_hits_total{tier="warm"}': hits.warm,
  'cache_hits_total{tier="cold"}': hits.cold,
  'cache_hits_total{tier="catalogue"}': hits.catalogue,
  cache_misses_total: misses,
  cache_hit_rate: hitRate,
  cache_memory_hit_rate: memory.hitRate,
  cache_memory_best_hit_rate: memory.best,
  ...Object.fromEntries(Object.entries(kinds).flatMap(([kind, figures]) => kindMetrics(kind, figures))),
})

const kindMetrics = (kind: string, { hits, misses }: CacheFigures): [name: string, value: number][] => [
  ...Object.entries(hits).map(([tier, count]): [string, number] => [
    `cache_kind_hits_total{kind="${kind}",tier="${tier}"}`,
    count,
  ]),
  [`cache_kind_misses_total{kind="${kind}"}`, misses],
]

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
