import type { CacheFigures, CacheView, MetricsView } from '../contract/views.ts'
import { announcementPropagation } from '../gossip/announcements.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'

/** Counters of the engine itself. */
export const packagesPublished = 'ggen.package.published'
export const packagesInstalled = 'ggen.package.installed'

/** The counters that scripts and the page read, and the instruments that feed them. Bytes are of package content. */
const counterByMetric = {
  packages_published: packagesPublished,
  packages_installed: packagesInstalled,
  gossip_messages_sent: 'ggen.announcement.sent',
  gossip_messages_received: 'ggen.announcement.received',
  piece_bytes_received: 'ggen.piece.received',
  piece_bytes_sent: 'ggen.piece.sent',
} as const

/** The latest durations in a median: enough for one, and recent. */
const maxDurations = 100

/** Counters since the engine started, and the median (ms) of the latest durations, missing until there is one. */
export const viewMetrics = (figures: Pick<MeterReader, 'sum' | 'latest'>): MetricsView => {
  const propagation = figures.latest(announcementPropagation, maxDurations).map(({ value }) => value)
  return {
    ...Object.fromEntries(Object.entries(counterByMetric).map(([metric, counter]) => [metric, figures.sum(counter)])),
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
