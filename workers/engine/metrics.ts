import type { CacheFigures, CacheView, MetricsView } from '../contract/views.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import { type CounterName, counters, type HistogramName, histograms } from '../telemetry/instruments.ts'
import { percentile } from '../telemetry/percentile.ts'
import type { Attributes, Measurement } from '../telemetry/telemetry.ts'

/** The latest measurements in a median: enough for one, and recent. */
const maxMeasurements = 100

/**
 * Every metric by its name (`telemetry/instruments.ts`), as scripts read it. Counters: since the engine started, in
 * total, and for each set of labels, which are part of the name as in Prometheus. Gauges: now. Histograms: the median of
 * the latest measurements. A gauge or histogram is missing until there is a value.
 */
export const viewMetrics = (figures: Pick<MeterReader, 'sum' | 'latest' | 'collect'>): MetricsView => {
  const collected = figures.collect()
  const series = [...collected.counters, ...collected.gauges].flatMap(([name, measurements]) =>
    measurements.map((measurement) => toEntry(name, measurement)),
  )
  const medians = (Object.keys(histograms) as HistogramName[]).flatMap((name): [string, number][] => {
    const latest = figures.latest(name, maxMeasurements).map(({ value }) => value)
    const median = percentile(
      latest.sort((a, b) => a - b),
      0.5,
    )
    return median === undefined ? [] : [[name, median]]
  })
  const totals = (Object.keys(counters) as CounterName[]).map((name): [string, number] => [name, figures.sum(name)])
  return Object.fromEntries([...series, ...medians, ...totals])
}

const toEntry = (name: string, { value, attributes }: Measurement): [name: string, value: number] => [
  name + toLabels(attributes),
  value,
]

const toLabels = (attributes: Attributes): string => {
  const labels = Object.keys(attributes)
    .sort()
    .map((key) => `${toLabelName(key)}="${escapeLabel(String(attributes[key]))}"`)
  return labels.length === 0 ? '' : `{${labels.join(',')}}`
}

/** Prometheus allows no dots. */
const toLabelName = (key: string): string => key.replace(/\W/g, '_')

const escapeLabel = (text: string): string => text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')

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
