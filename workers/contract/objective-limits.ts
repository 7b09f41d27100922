import type { ObjectiveName } from './telemetry-views.ts'

/** Limits of the service level objectives: durations in ms, and the cache's hit rate (0 to 1), where lower is worse. */
export const objectiveLimits: Readonly<Record<ObjectiveName, { readonly target: number; readonly alert: number }>> = {
  search_p95: { target: 100, alert: 150 },
  dht_lookup_p95: { target: 500, alert: 800 },
  cache_hit_rate: { target: 0.8, alert: 0.7 },
  install_p95: { target: 2_000, alert: 3_000 },
}

/** With fewer than 20 durations the 95th percentile is the slowest one, so a single request would decide. */
const minimumDurations = 20

/**
 * The first read of anything is a miss that no cache can avoid, and a young tab has only first reads. A visit to a
 * package that is new here costs about two such misses and some ten hits, so after a hundred requests its own visits,
 * not the emptiness of the cache, set the rate.
 */
const minimumReads = 100

/** Requests needed before an objective is judged. */
export const objectiveMinimum: Readonly<Record<ObjectiveName, number>> = {
  search_p95: minimumDurations,
  dht_lookup_p95: minimumDurations,
  cache_hit_rate: minimumReads,
  install_p95: minimumDurations,
}
