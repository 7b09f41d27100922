import type { MeterReader, Point } from '../telemetry/in-memory-meter.ts'
import { percentile } from '../telemetry/percentile.ts'

/** Lookups in the figures. */
const maxLookups = 500

/**
 * Metrics of head lookups: `dht_lookups_total` since the start; over the last 500, `dht_success_rate` (0 to 1) and
 * `dht_lookup_duration` (median, ms) with `_p95` and `_p99`. Omits metrics without a measurement.
 */
export const lookupStats = (figures: Pick<MeterReader, 'count' | 'latest'>): { [name: string]: number } => {
  const total = figures.count('dht_lookup_duration')
  const latest = figures.latest('dht_lookup_duration', maxLookups)
  if (latest.length === 0) return { dht_lookups_total: total }
  const sorted = latest.map(({ value }) => value).sort((a, b) => a - b)
  const at = (share: number): number => percentile(sorted, share) ?? 0
  return {
    dht_lookups_total: total,
    dht_success_rate: shareFound(latest),
    dht_lookup_duration: at(0.5),
    dht_lookup_duration_p95: at(0.95),
    dht_lookup_duration_p99: at(0.99),
  }
}

/** Share (0 to 1) of the last 500 lookups that found a head; undefined without lookups. */
export const successRate = (figures: Pick<MeterReader, 'latest'>): number | undefined => {
  const latest = figures.latest('dht_lookup_duration', maxLookups)
  return latest.length === 0 ? undefined : shareFound(latest)
}

const shareFound = (lookups: readonly Point[]): number =>
  lookups.filter(({ attributes }) => attributes['outcome'] === 'found').length / lookups.length
