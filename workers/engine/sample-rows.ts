import type { RequestCounts } from '../cache/cache-memory.ts'
import { type SampleColumn, sampleColumns, trafficProtocols } from '../contract/sample-columns.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import type { HistogramName } from '../telemetry/instruments.ts'
import { percentile } from '../telemetry/percentile.ts'
import type { ColumnKind } from '../telemetry/sampler.ts'
import { hitsIn, type MemoryRates } from './cache-figures.ts'
import type { NetworkConcerns } from './network-concerns.ts'
import { leadingPeers, type ReputationSummary } from './reputation-figures.ts'

export interface SampleSources {
  readonly figures: Pick<MeterReader, 'sum' | 'count' | 'pointsSince'>
  readonly network: Pick<NetworkConcerns, 'peers' | 'traffic'>
  cacheTotals(): RequestCounts
  memoryRates(): MemoryRates
  reputation(): ReputationSummary
  /** In [0, 1]. */
  scoreOf(peer: string): number
  /** Bytes; undefined where unknown. */
  storageBytes(): number | undefined
  heapBytes(): number | undefined
  /** Longest delay of a timer since the last call (ms). */
  takeLag(): number | undefined
}

/** Reads the values of a row (contract/sample-columns.ts). */
export interface RowReader {
  /**
   * @param now Ms since the epoch.
   * @param row Receives totals of counts, and values; NaN where there is nothing to measure.
   */
  read(row: Float64Array, now: number): void
  /** Scores of the connected and the best known peers. */
  scores(): ReadonlyMap<string, number>
}

/** Percentiles, rates and propagation times are over this time before the row (ms). */
const windowMs = 60_000

const columnOf = Object.fromEntries(sampleColumns.map((name, at) => [name, at])) as Record<SampleColumn, number>

const counts = new Set<SampleColumn>([
  'searches',
  'dht_lookups',
  'dht_lookups_failed',
  'installs',
  'cache_hits_hot',
  'cache_hits_warm',
  'cache_hits_cold',
  'cache_hits_catalogue',
  'cache_misses',
  'gossip_sent',
  'gossip_received',
  'operations',
  'operations_failed',
  ...trafficProtocols.map((protocol) => `bytes_in_${protocol}` as const),
  ...trafficProtocols.map((protocol) => `bytes_out_${protocol}` as const),
])

/** The kind of each column. */
export const columnKinds: readonly ColumnKind[] = sampleColumns.map((name) =>
  counts.has(name) ? 'count' : name === 'event_loop_lag' ? 'maximum' : 'state',
)

export const createRowReader = (sources: SampleSources): RowReader => {
  const { figures, network } = sources
  const hitRate = createRecentHitRate()
  const scores = new Map<string, number>()

  /** Durations in the window, ascending. */
  const recent = (name: HistogramName, now: number): Float64Array => {
    const points = figures.pointsSince(name, now - windowMs)
    if (points.length === 0) return noDurations
    const values = new Float64Array(points.length)
    for (let at = 0; at < points.length; at += 1) values[at] = points[at]?.value ?? 0
    return values.sort()
  }

  return {
    read(row, now) {
      const set = (name: SampleColumn, value: number | undefined): void => {
        row[columnOf[name]] = value ?? Number.NaN
      }
      const searches = recent('package_search_duration', now)
      set('searches', figures.count('package_search_duration'))
      set('search_p50', percentile(searches, 0.5))
      set('search_p95', percentile(searches, 0.95))
      const lookups = recent('dht_lookup_duration', now)
      set('dht_lookups', figures.count('dht_lookup_duration'))
      set('dht_lookups_failed', figures.count('dht_lookup_duration', timedOut))
      set('dht_lookup_p50', percentile(lookups, 0.5))
      set('dht_lookup_p95', percentile(lookups, 0.95))
      set('dht_lookup_p99', percentile(lookups, 0.99))
      set('installs', figures.count('package_install_duration'))
      set('install_p95', percentile(recent('package_install_duration', now), 0.95))

      const cache = sources.cacheTotals()
      set('cache_hits_hot', cache.hot)
      set('cache_hits_warm', cache.warm)
      set('cache_hits_cold', cache.cold)
      set('cache_hits_catalogue', cache.known)
      set('cache_misses', cache.missed)
      set('cache_hit_rate', hitRate(cache, now))
      const memory = sources.memoryRates()
      set('cache_memory_hit_rate', memory?.hitRate)
      set('cache_memory_best_hit_rate', memory?.best)

      set('gossip_sent', figures.sum('gossip_messages_sent'))
      set('gossip_received', figures.sum('gossip_messages_received'))
      const propagation = recent('gossip_propagation_time', now)
      set('gossip_propagation_p50', percentile(propagation, 0.5))
      set('gossip_propagation_p95', percentile(propagation, 0.95))
      set('operations', figures.sum('operations_total'))
      set('operations_failed', figures.sum('operations_total', failed))

      const { direct, relayed, relays, health } = network.peers.counts()
      set('peers_direct', direct.size)
      set('peers_relayed', relayed.size)
      set('relays', relays.size)
      set('connections_healthy', health.healthy)
      set('connections_degraded', health.degraded)
      set('connections_unhealthy', health.unhealthy)

      const { best, average, worst } = sources.reputation()
      set('reputation_best', best)
      set('reputation_avg', average)
      set('reputation_worst', worst)
      set('storage_bytes', sources.storageBytes())
      set('worker_heap_bytes', sources.heapBytes())
      set('event_loop_lag', sources.takeLag())
      for (const protocol of trafficProtocols) {
        set(`bytes_in_${protocol}`, network.traffic.total('in', protocol))
        set(`bytes_out_${protocol}`, network.traffic.total('out', protocol))
      }
    },

    scores() {
      const { direct, relayed } = network.peers.counts()
      const before = [...scores.keys()]
      const connected = new Set([...direct, ...relayed])
      scores.clear()
      // Those of the row before come first, so that a line on a chart goes on while its peer is connected.
      for (const peer of [
        ...before.filter((each) => connected.has(each)),
        ...connected,
        ...sources.reputation().leading,
      ]) {
        if (scores.size === leadingPeers) break
        if (!scores.has(peer)) scores.set(peer, sources.scoreOf(peer))
      }
      return scores
    },
  }
}

const noDurations = new Float64Array()
const timedOut = { outcome: 'timeout' }
const failed = { outcome: 'failed' }

/** Share of hits in the requests of the last minute; undefined without requests. */
const createRecentHitRate = (): ((totals: RequestCounts, now: number) => number | undefined) => {
  const earlier: { at: number; hits: number; requests: number }[] = [
    { at: Number.NEGATIVE_INFINITY, hits: 0, requests: 0 },
  ]
  return (totals, now) => {
    const hits = hitsIn(totals)
    const requests = hits + totals.missed
    // The newest of those before the window stays as its start.
    while (earlier.length > 1 && (earlier[1]?.at ?? now) <= now - windowMs) earlier.shift()
    const from = earlier[0] ?? { hits: 0, requests: 0 }
    earlier.push({ at: now, hits, requests })
    if (earlier.length > maxEarlier) earlier.shift()
    return requests === from.requests ? undefined : (hits - from.hits) / (requests - from.requests)
  }
}

/** Totals kept: more than a minute of rows, also while the clock is set back. */
const maxEarlier = 120
