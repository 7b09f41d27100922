import type { CacheMemory, RequestCounts } from '../cache/cache-memory.ts'
import type { CacheKind, CacheView } from '../contract/views.ts'

/** Requests of all kinds by where they were answered, from the cache's own integers. */
export const cacheTotals = (counts: CacheMemory<CacheKind>['counts']): RequestCounts => {
  const { package: packages, manifest, file } = counts
  const sum = (answer: keyof RequestCounts): number => packages[answer] + manifest[answer] + file[answer]
  return { hot: sum('hot'), warm: sum('warm'), cold: sum('cold'), known: sum('known'), missed: sum('missed') }
}

export const hitsIn = ({ hot, warm, cold, known }: RequestCounts): number => hot + warm + cold + known

/** Hit rate of the memory tiers and of the best possible policy; undefined without requests. */
export type MemoryRates = CacheView['memory'] | undefined

/** The optimum takes about half a microsecond per request of the window: a full one is computed rarely. */
const requestsPerSecond = 1_000
const maxAgeMs = 10_000

/**
 * The rates of the memory tiers, computed at most once a second.
 *
 * @param now Monotonic clock (ms).
 */
export const createMemoryRates = (
  { stats }: Pick<CacheMemory<CacheKind>, 'stats'>,
  now: () => number,
): (() => MemoryRates) => {
  let rates: MemoryRates
  let readAt = Number.NEGATIVE_INFINITY
  return () => {
    const maxAge = Math.min(maxAgeMs, Math.ceil((rates?.requests ?? 0) / requestsPerSecond) * 1_000)
    // Half a second of tolerance: the caller's own interval varies.
    if (now() - readAt > maxAge - 500) {
      const { requests, live, best } = stats().window
      rates = requests === 0 ? undefined : { requests, hitRate: live, best }
      readAt = now()
    }
    return rates
  }
}
