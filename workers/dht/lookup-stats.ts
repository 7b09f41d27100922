import type { LookupReport } from './heads.ts'

/** As many of the last lookups count: an hour of a busy tab, and enough for a 99th percentile. */
const maxWindow = 500

export interface LookupStats {
  add(report: LookupReport): void
  /**
   * `dht_lookups_total` since the start; of the last 500 `dht_success_rate` (share that found something, 0 to 1) and
   * `dht_lookup_duration` (ms, at the median), with `_p95` and `_p99`. What was never measured is left out.
   */
  view(): { [name: string]: number }
}

/** What the metrics say of lookups. One that its caller has cancelled says nothing. */
export const createLookupStats = (): LookupStats => {
  const window: LookupReport[] = []
  let total = 0
  return {
    add(report) {
      if (report.outcome === 'cancelled') return
      total += 1
      window.push(report)
      if (window.length > maxWindow) window.shift()
    },
    view() {
      if (window.length === 0) return { dht_lookups_total: total }
      const sorted = window.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
      const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
      return {
        dht_lookups_total: total,
        dht_success_rate: window.filter(({ outcome }) => outcome === 'found').length / window.length,
        dht_lookup_duration: at(0.5),
        dht_lookup_duration_p95: at(0.95),
        dht_lookup_duration_p99: at(0.99),
      }
    },
  }
}
