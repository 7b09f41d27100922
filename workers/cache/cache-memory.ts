import { createHitRateSample, type HitRates } from './hit-rate-sample.ts'
import { type CacheLimits, defaultCacheLimits } from './limits.ts'
import { createMemoryTier, type TierStats } from './memory-tier.ts'

/**
 * The memory that all kinds of cached values share: a hot tier of decoded values, a warm tier of encoded ones, one budget
 * for both, and the figures of all requests. What is hot is also warm.
 *
 * Guarantees: never more entries or bytes than the limits say, whatever their kinds; values of one kind are seen by that
 * kind alone. Not guaranteed: that a kind keeps a share. The kinds compete, and what is asked for stays.
 */
export interface CacheMemory<Kind extends string> {
  /** The part of one kind of value. @throws Error when it was handed out before: its values have one type. */
  of<V>(kind: Kind): KindMemory<V>
  stats(): CacheMemoryStats<Kind>
}

/** The memory as one kind of value sees it. */
export interface KindMemory<V> {
  readonly limits: CacheLimits
  /** Ms since the epoch. */
  now(): number
  /** What memory has; a hit takes it to the hot tier. Bytes that do not decode are removed. */
  get(key: string, decode: Decode<V>): { value: V; from: 'hot' | 'warm' } | undefined
  /** Neither counts nor promotes. */
  peek(key: string, decode: Decode<V>): V | undefined
  /** @param at when the value was put into the cache, ms since the epoch. */
  put(key: string, value: V, bytes: Uint8Array, at: number): void
  remove(key: string): void
  /** Removes all keys that start with `prefix`. */
  removeAll(prefix: string): void
  /** Counts a request by where it was answered. */
  count(answer: keyof RequestCounts): void
  /** For the hit rate of the memory: one request for a value that exists and can be kept, and whether memory had it. */
  sample(key: string, held: boolean): void
  requests(): RequestCounts
}

type Decode<V> = (bytes: Uint8Array) => V | undefined

/** Requests by what answered them. Callers that joined a read under way, and recent “there is none”, are not counted. */
export interface RequestCounts {
  hot: number
  warm: number
  cold: number
  /** No tier had it, and the process knew it. */
  known: number
  /** None of these. */
  missed: number
}

export interface CacheMemoryStats<Kind extends string> {
  readonly hot: TierStats
  readonly warm: TierStats
  readonly requests: Readonly<Record<Kind, RequestCounts>>
  /**
   * Over the last requests of all kinds: the share that memory answered, and that the best policy with as many entries
   * could have. The bound in bytes is left out, so the best comes out high when it is bytes that are short.
   */
  readonly window: HitRates
}

export interface CacheMemoryOptions<Kind extends string> {
  readonly kinds: readonly Kind[]
  /** Ms since the epoch. */
  now(): number
  limits?: Partial<CacheLimits>
  /** A request was counted. */
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
    onGone: (key) => hot.remove(key),
  })
  const window = createHitRateSample(limits.warmEntries, limits.windowRequests)
  const countsByKind = Object.fromEntries(kinds.map((kind) => [kind, noRequests()])) as Record<Kind, RequestCounts>
  const taken = new Set<Kind>()

  const remove = (at: string): void => {
    hot.remove(at)
    warm.remove(at)
  }

  const of = <V>(kind: Kind): KindMemory<V> => {
    if (taken.has(kind)) throw new Error(`The cached values of the kind “${kind}” have an owner.`)
    taken.add(kind)
    const counts = countsByKind[kind]
    const place = (key: string): string => `${kind}:${key}`
    return {
      limits,
      now,
      get(key, decode) {
        const at = place(key)
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
        const found = hot.peek(place(key))
        if (found !== undefined) return found.value as V
        const encoded = warm.peek(place(key))
        return encoded === undefined ? undefined : decode(encoded.value)
      },
      put(key, value, bytes, at) {
        const entry = { at, bytes: bytes.length }
        warm.put(place(key), { ...entry, value: bytes })
        // Without room among the warm ones it is not hot either.
        if (warm.peek(place(key)) !== undefined) hot.put(place(key), { ...entry, value })
      },
      remove: (key) => remove(place(key)),
      removeAll(prefix) {
        for (const at of [...warm.keys()]) if (at.startsWith(place(prefix))) remove(at)
      },
      count(answer) {
        counts[answer] += 1
        onRequest()
      },
      sample: (key, held) => window.note(place(key), held),
      requests: () => ({ ...counts }),
    }
  }

  return {
    of,
    stats: () => ({
      hot: hot.stats(),
      warm: warm.stats(),
      requests: structuredClone(countsByKind),
      window: window.rates(),
    }),
  }
}

const noRequests = (): RequestCounts => ({ hot: 0, warm: 0, cold: 0, known: 0, missed: 0 })
