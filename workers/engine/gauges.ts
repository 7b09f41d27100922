import { trafficProtocols } from '../contract/sample-columns.ts'
import { successRate } from '../dht/lookup-stats.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import type { Measurement, Meter } from '../telemetry/telemetry.ts'
import { hitsIn } from './cache-figures.ts'
import { reputationBuckets } from './reputation-figures.ts'
import type { SampleSources } from './sample-rows.ts'

export interface GaugeSources extends Omit<SampleSources, 'figures' | 'takeLag' | 'storageBytes'> {
  readonly figures: Pick<MeterReader, 'latest'>
  storage(): { used: number; quota: number } | undefined
  /** Longest delay of a timer in the last second (ms). */
  lag(): number | undefined
}

/**
 * Registers the metrics that are read from what the rooms count anyway, so that counting costs nothing more. Returns a
 * function that removes them.
 */
export const observeGauges = (meter: Meter, sources: GaugeSources): (() => void) => {
  const { network } = sources
  const labelled = (label: string, values: Readonly<Record<string, number>>): Measurement[] =>
    Object.entries(values).map(([name, value]) => ({ value, attributes: { [label]: name } }))
  const undos = [
    meter.createObservableCounter('cache_hits_total', () => {
      const { hot, warm, cold, known } = sources.cacheTotals()
      return labelled('tier', { hot, warm, cold, catalogue: known })
    }),
    meter.createObservableCounter('cache_misses_total', () => sources.cacheTotals().missed),
    meter.createObservableCounter('bytes_total', () =>
      (['in', 'out'] as const).flatMap((direction) =>
        trafficProtocols.map((protocol) => ({
          value: network.traffic.total(direction, protocol),
          attributes: { direction, protocol },
        })),
      ),
    ),
    meter.createObservableGauge('cache_hit_rate', () => {
      const totals = sources.cacheTotals()
      const hits = hitsIn(totals)
      const requests = hits + totals.missed
      return requests === 0 ? undefined : hits / requests
    }),
    meter.createObservableGauge('dht_success_rate', () => successRate(sources.figures)),
    meter.createObservableGauge('active_peers', () => {
      const { direct, relayed } = network.peers.counts()
      return direct.size + relayed.size
    }),
    meter.createObservableGauge('connection_pool', () => labelled('health', network.peers.counts().health)),
    meter.createObservableGauge('peer_reputation', () => {
      const { buckets } = sources.reputation()
      return reputationBuckets.map((bucket, at) => ({ value: buckets[at] ?? 0, attributes: { bucket } }))
    }),
    meter.createObservableGauge('peer_reputation_avg', () => sources.reputation().average),
    meter.createObservableGauge('storage_bytes', () => {
      const storage = sources.storage()
      return storage && labelled('kind', storage)
    }),
    meter.createObservableGauge('worker_heap_bytes', sources.heapBytes),
    meter.createObservableGauge('worker_event_loop_lag', sources.lag),
  ]
  return () => {
    for (const undo of undos) undo()
  }
}
