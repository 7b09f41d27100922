import { objectiveLimits } from '../../../workers/contract/objective-limits.ts'
import { trafficProtocols } from '../../../workers/contract/sample-columns.ts'
import {
  type ChartDefinition,
  fewMeasurements,
  type Hue,
  type SeriesDefinition,
} from '../../charts/chart-definition.ts'
import { column, pageHeapColumn, perSecond, shareOf, total } from '../../charts/read-columns.ts'
import { chartText, formatRate, formatShare } from '../../text/charts.ts'
import { formatBytes, formatDuration } from '../../text/format.ts'
import { formatCount } from '../../text/numbers.ts'
import { createReputationChart } from './reputation-chart.ts'

/** The charts of the network page, in their order. */
export const createCharts = (): ChartDefinition[] => [
  dhtLatency(),
  cacheHitRate(),
  gossipPropagation(),
  throughput(),
  createReputationChart(),
  connections(),
  operations(),
  memory(),
  eventLoopLag(),
]

const dhtLatency = (): ChartDefinition => {
  const limit = objectiveLimits.dht_lookup_p95.target
  return {
    key: 'dht-lookup-latency',
    title: chartText.dht,
    scale: 'log',
    atLeast: [10, 1000],
    format: formatDuration,
    points: 'dht_lookup',
    nothing: chartText.noLookups,
    countOf: (window, from, to) => total(window, 'dht_lookups', from, to),
    limit,
    series: [
      percentile(chartText.p50, '1', 'dht_lookup_p50'),
      percentile(chartText.p95, '2', 'dht_lookup_p95', 2),
      percentile(chartText.p99, '5', 'dht_lookup_p99'),
      {
        label: chartText.lookupsFailed,
        hue: 'grey',
        draw: 'none',
        read: column('dht_lookups_failed'),
        summary: 'mean',
        format: formatRate,
      },
    ],
    caption({ count }) {
      return count < fewMeasurements
        ? chartText.lookupsSoFar(count)
        : chartText.lookupsInRange(count, { objective: formatDuration(limit) })
    },
  }
}

const cacheTiers = ['cache_hits_hot', 'cache_hits_warm', 'cache_hits_cold', 'cache_hits_catalogue'] as const
const cacheRequests = [...cacheTiers, 'cache_misses'] as const

const cacheHitRate = (): ChartDefinition => {
  const share = (label: string, hue: Hue, part: (typeof cacheRequests)[number]): SeriesDefinition => ({
    label,
    hue,
    read: shareOf([part], cacheRequests),
    summary: 'mean',
    draw: 'stack',
  })
  return {
    key: 'cache-hit-rate',
    title: chartText.cache,
    scale: 'linear',
    atLeast: [0, 1],
    format: formatShare,
    nothing: chartText.noReads,
    series: [
      share(chartText.hot, '5', 'cache_hits_hot'),
      share(chartText.warm, '4', 'cache_hits_warm'),
      share(chartText.cold, '1', 'cache_hits_cold'),
      share(chartText.catalogue, '2', 'cache_hits_catalogue'),
      share(chartText.misses, 'grey', 'cache_misses'),
      {
        label: chartText.bestPossible,
        hue: 'ink',
        read: column('cache_memory_best_hit_rate'),
        summary: 'last',
        isDashed: true,
      },
    ],
    caption({ window: { columns } }) {
      const rate = columns.get('cache_memory_hit_rate')?.at(-1)
      const best = columns.get('cache_memory_best_hit_rate')?.at(-1)
      return rate !== undefined && best !== undefined && best > 0
        ? chartText.ofBestPossible({ share: formatShare(rate / best) })
        : chartText.requestsInLastMinute
    },
  }
}

const gossipPropagation = (): ChartDefinition => ({
  key: 'gossip-propagation',
  title: chartText.gossip,
  scale: 'log',
  atLeast: [10, 1000],
  format: formatDuration,
  points: 'gossip_propagation',
  nothing: chartText.noAnnouncements,
  countOf: (window, from, to) => {
    const points = window.points.get('gossip_propagation')?.times ?? []
    const [start = 0, end = 0] = [window.times[from], window.times[to - 1]]
    return points.filter((time) => time >= start - window.stepMs && time <= end).length
  },
  series: [
    percentile(chartText.p50, '1', 'gossip_propagation_p50'),
    percentile(chartText.p95, '2', 'gossip_propagation_p95', 2),
    {
      label: chartText.received,
      hue: 'grey',
      draw: 'none',
      read: perSecond('gossip_received'),
      summary: 'mean',
      format: formatRate,
    },
  ],
  caption: ({ count }) =>
    count < fewMeasurements ? chartText.announcementsSoFar(count) : chartText.announcementsCounted(count),
})

const protocolHues = { piece: '1', sync: '2', query: '3', dht: '4', gossip: '5', relay: '6', other: 'grey' } as const

const throughput = (): ChartDefinition => {
  const series = (direction: 'in' | 'out'): SeriesDefinition[] =>
    trafficProtocols.map((protocol) => ({
      label: chartText.protocol(protocol),
      hue: protocolHues[protocol],
      columnName: sayBytes(direction, chartText.protocol(protocol)),
      read: perSecond(`bytes_${direction}_${protocol}`),
      summary: 'mean',
      draw: direction === 'in' ? 'stack' : 'stack-down',
      format: (value) => sayBytes(direction, formatBytes(Math.round(value))),
    }))
  return {
    key: 'throughput',
    title: chartText.throughput,
    scale: 'linear',
    atLeast: [0, 1000],
    format: (value) => formatBytes(Math.round(value)),
    series: [...series('in'), ...series('out')],
    caption({ latest }) {
      const sum = (values: typeof latest): string =>
        formatBytes(Math.round(values.reduce<number>((all, value) => all + (value ?? 0), 0)))
      const half = trafficProtocols.length
      return chartText.throughputNow({ in: sum(latest.slice(0, half)), out: sum(latest.slice(half)) })
    },
  }
}

const sayBytes = (direction: 'in' | 'out', bytes: string): string =>
  direction === 'in' ? chartText.bytesIn({ bytes }) : chartText.bytesOut({ bytes })

const connections = (): ChartDefinition => ({
  key: 'connections',
  title: chartText.connections,
  scale: 'linear',
  atLeast: [0, 4],
  format: formatWhole,
  series: [
    { label: chartText.direct, hue: '3', read: column('peers_direct'), summary: 'last', draw: 'stack' },
    { label: chartText.relayed, hue: '4', read: column('peers_relayed'), summary: 'last', draw: 'stack' },
    { label: chartText.relays, hue: '1', read: column('relays'), summary: 'last', draw: 'stack' },
    { label: chartText.healthy, hue: 'grey', read: column('connections_healthy'), summary: 'last', draw: 'none' },
    { label: chartText.degraded, hue: '5', read: column('connections_degraded'), summary: 'max' },
    { label: chartText.unhealthy, hue: '6', read: column('connections_unhealthy'), summary: 'max', isDashed: true },
  ],
  caption: ({ latest }) => chartText.connectionsNow((latest[0] ?? 0) + (latest[1] ?? 0) + (latest[2] ?? 0)),
})

const operations = (): ChartDefinition => ({
  key: 'operations',
  title: chartText.operations,
  scale: 'linear',
  atLeast: [0, 5],
  format: formatRate,
  formatTick: formatWhole,
  series: [
    { label: chartText.finished, hue: '1', read: perSecond('operations'), summary: 'mean' },
    { label: chartText.failed, hue: '5', read: perSecond('operations_failed'), summary: 'mean', width: 2 },
    {
      label: chartText.errorRate,
      hue: 'grey',
      read: shareOf(['operations_failed'], ['operations']),
      summary: 'mean',
      draw: 'none',
      format: formatShare,
    },
  ],
  caption({ values: [all = [], failed = []] }) {
    const sum = (values: readonly (number | null)[]): number =>
      values.reduce<number>((so, value) => so + (value ?? 0), 0)
    return sum(all) === 0 ? '' : chartText.errorRateInRange({ share: formatShare(sum(failed) / sum(all)) })
  },
})

const memory = (): ChartDefinition => ({
  key: 'memory',
  title: chartText.memory,
  scale: 'linear',
  atLeast: [0, 10_000_000],
  format: formatBytes,
  nothing: chartText.heapUnknown,
  series: [
    { label: chartText.workerHeap, hue: '1', read: column('worker_heap_bytes'), summary: 'max', width: 2 },
    { label: chartText.pageHeap, hue: '2', read: column(pageHeapColumn), summary: 'max' },
  ],
  caption: () => '',
})

const eventLoopLag = (): ChartDefinition => ({
  key: 'event-loop-lag',
  title: chartText.lag,
  scale: 'linear',
  atLeast: [0, 50],
  format: formatDuration,
  formatTick: (value) => (value === 0 ? formatWhole(0) : formatDuration(value)),
  series: [{ label: chartText.longestDelay, hue: '1', read: column('event_loop_lag'), summary: 'max' }],
  caption({ values: [lags = []] }) {
    const longest = lags.reduce<number>((most, lag) => Math.max(most, lag ?? 0), 0)
    return longest > 0 ? chartText.longestInRange({ duration: formatDuration(longest) }) : ''
  },
})

const percentile = (label: string, hue: Hue, name: Parameters<typeof column>[0], width = 1.5): SeriesDefinition => ({
  label,
  hue,
  read: column(name),
  summary: 'max',
  width,
  isPercentile: true,
})

function formatWhole(value: number): string {
  return formatCount(Math.round(value * 100) / 100)
}
