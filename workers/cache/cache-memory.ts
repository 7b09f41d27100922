import { createHitRateSample, type HitRates } from './hit-rate-sample.ts'
import { type CacheLimits, defaultCacheLimits } from './limits.ts'
import { createMemoryTier, type TierStats } from './memory-tier.ts'

/**
 * Memory that all kinds of cached values share: a hot tier of decoded values, a warm tier of encoded ones, one budget
 * for both, and request counts. Every hot entry is also warm.
 *
 * Guarantees: never exceeds the entry and byte limits across all kinds; isolates the values of each kind. Not
 * guaranteed: a minimum share per kind. Kinds compete by demand.
 */
export interface CacheMemory<Kind extends string> {
  /** Returns the view of one kind. @throws Error when called twice for a kind, because its values have one type. */
  of<V>(kind: Kind): KindMemory<V>
  stats(): CacheMemoryStats<Kind>
  /** The counts themselves, which change with each request. */
  readonly counts: Readonly<Record<Kind, Readonly<RequestCounts>>>
}

/** The memory restricted to one kind of value. */
export interface KindMemory<V> {
  readonly limits: CacheLimits
  /** Unix time (ms). */
  now(): number
  /** Reads an entry and promotes it to the hot tier. Removes bytes that do not decode. */
  get(key: string, decode: Decode<V>): { value: V; from: 'hot' | 'warm' } | undefined
  /** Neither counts nor promotes. */
  peek(key: string, decode: Decode<V>): V | undefined
  /** @param at time of the put (Unix time, ms). */
  put(key: string, value: V, bytes: Uint8Array, at: number): void
  remove(key: string): void
  /** Removes all keys that start with `prefix`. */
  removeAll(prefix: string): void
  /** Counts a request by the tier that answered it. */
  count(answer: keyof RequestCounts): void
  /** Samples the hit rate of the memory: a request for an existing, cacheable value, and whether it was a hit. */
  sample(key: string, hit: boolean): void
  requests(): RequestCounts
}

type Decode<V> = (bytes: Uint8Array) => V | undefined

/** Requests by where they were answered. Excludes callers that joined a running read, and negative entries. */
export interface RequestCounts {
  hot: number
  warm: number
  cold: number
  /** Missed by all tiers and supplied by this process. */
  known: number
  /** Answered by none of these. */
  missed: number
}

export interface CacheMemoryStats<Kind extends string> {
  readonly hot: TierStats
  readonly warm: TierStats
  readonly requests: Readonly<Record<Kind, RequestCounts>>
  /**
   * Hit rate over the last requests of all kinds, and that of the optimal policy with the same number of entries. The
   * optimum ignores the byte limit, so it is too high when bytes are the bottleneck.
   */
  readonly window: HitRates
}

export interface CacheMemoryOptions<Kind extends string> {
  readonly kinds: readonly Kind[]
  /** Unix time (ms). */
  now(): number
  limits?: Partial<CacheLimits>
  /** Called after each counted request. */
  onRequest?(): void
}

export const createCacheMemory = <Kind extends string>(options: CacheMemoryOptions<Kind>): CacheMemory<Kind> => {
  const { kinds, now, onRequest = () => {} } = options
  const limits: CacheLimits = { ...defaultCacheLimits, ...options.limits }
  const hot = createMemoryTier<unknown>({ entries: limits.hotEntries, ttlMs: limits.hotMs, ageMs: limits.coldMs, now })
  const warm = createMemoryTier<Uint8Array>({
    entries: limits.warmEntries,
    ttlMs: limits.warmMs,
    ageMs: limits.coldMs,
    maxBytes: limits.warmBytes,
    now,
    onEvicted: (key) => hot.remove(key),
  })
  const window = createHitRateSample(limits.warmEntries, limits.windowRequests)
  const countsByKind = Object.fromEntries(kinds.map((kind) => [kind, noRequests()])) as Record<Kind, RequestCounts>
  const taken = new Set<Kind>()

  const remove = (at: string): void => {
    hot.remove(at)
    warm.remove(at)
  }

  const of = <V>(kind: Kind): KindMemory<V> => {
    if (taken.has(kind)) throw new Error(`The cache kind “${kind}” is already in use.`)
    taken.add(kind)
    const counts = countsByKind[kind]
    const scopedKey = (key: string): string => `${kind}:${key}`
    return {
      limits,
      now,
      get(key, decode) {
        const at = scopedKey(key)
        const found = hot.get(at)
        if (found !== undefined) {
          warm.touch(at)
          return { value: found.value as V, from: 'hot' }
        }
        const encoded = warm.get(at)
        if (encoded === undefined) return undefined
        const value = decode(encoded.value)
        if (value === undefined) {
          warm.remove(at)
          return undefined
        }
        hot.put(at, { ...encoded, value })
        return { value, from: 'warm' }
      },
      peek(key, decode) {
        const found = hot.peek(scopedKey(key))
        if (found !== undefined) return found.value as V
        const encoded = warm.peek(scopedKey(key))
        return encoded === undefined ? undefined : decode(encoded.value)
      },
      put(key, value, bytes, at) {
        const entry = { at, bytes: bytes.length }
        warm.put(scopedKey(key), { ...entry, value: bytes })
        // An entry that the warm tier does not admit must not be hot.
        if (warm.peek(scopedKey(key)) !== undefined) hot.put(scopedKey(key), { ...entry, value })
      },
      remove: (key) => remove(scopedKey(key)),
      removeAll(prefix) {
        for (const at of [...warm.keys()]) if (at.startsWith(scopedKey(prefix))) remove(at)
      },
      count(answer) {
        counts[answer] += 1
        onRequest()
      },
      sample: (key, hit) => window.record(scopedKey(key), hit),
      requests: () => ({ ...counts }),
    }
  }

  return {
    of,
    counts: countsByKind,
    stats: () => ({
      hot: hot.stats(),
      warm: warm.stats(),
      requests: structuredClone(countsByKind),
      window: window.rates(),
    }),
  }
}

const noRequests = (): RequestCounts => ({ hot: 0, warm: 0, cold: 0, known: 0, missed: 0 })
