import { Failure } from '../contract/failures.ts'
import { createLruMap } from '../stack/lru-map.ts'
import type { Store, TableName } from '../store/store.ts'
import { type Operation, untraced } from '../telemetry/operation.ts'
import { type ColdStats, createColdTier } from './cold-tier.ts'
import { createHitRateSample, type HitRates } from './hit-rate-sample.ts'
import { type CacheLimits, defaultCacheLimits, isFresh } from './limits.ts'
import { createMemoryTier, type TierStats } from './memory-tier.ts'
import { createSingleFlight, type Flight } from './single-flight.ts'

/**
 * A read-through cache in three tiers (docs/protocol.md §11): hot holds decoded values, warm encoded ones, cold is the
 * store, written behind. What is hot is also warm. A hit takes an entry to the tiers above.
 *
 * Guarantees: callers of one missing key at the same time cause one look into the store and one `load`; a failing load
 * rejects all of them and is not kept; what was put or invalidated while a load was under way is not overwritten by it;
 * a store that fails costs nothing but the cold tier; whatever the store holds is decoded and validated again.
 * Not guaranteed: that anything is kept. Values are shared between callers, who must not change them.
 */
export interface TieredCache<V> {
  /**
   * The value of a key: kept, or loaded. Undefined when there is none.
   * @throws what `load` throws; Failure `Cancelled` when the caller's operation is cancelled, or by `stop`.
   */
  get(key: string, options?: { operation?: Operation }): Promise<CacheAnswer<V>>
  /** What memory has, at once; neither counts nor promotes. */
  peek(key: string): V | undefined
  /** @throws what `encode` throws. */
  put(key: string, value: V): void
  invalidate(key: string): void
  stats(): CacheStats
  /** Writes what waits for the store; resolves when it was tried once. For a page that is being hidden. */
  flush(): Promise<void>
  /** Ends loads, writes what waits. */
  stop(): Promise<void>
}

export interface CacheAnswer<V> {
  value: V | undefined
  from: 'hot' | 'warm' | 'cold' | 'known' | 'loaded' | 'none'
}

export interface CacheStats {
  hot: TierStats
  warm: TierStats
  cold: ColdStats
  /** Requests that a tier answered, or `known`, or neither; callers that joined a load under way count as none of these. */
  hits: number
  known: number
  misses: number
  joined: number
  /** Requests answered with a recent “there is none”. */
  none: number
  /** Values too large to be kept. */
  tooLarge: number
  loads: { found: number; none: number; failed: number }
  /** Over the last requests: the share that memory answered, and that the best policy of its size could have. */
  window: HitRates
}

export interface TieredCacheDependencies<V> {
  store: Store
  table: TableName
  /** `decode` is total: undefined for bytes that are no value. */
  codec: { encode(value: V): Uint8Array; decode(bytes: Uint8Array): V | undefined }
  /**
   * Whether what the store gave may still be used: it is as hostile as what a stranger sent, and may be out of date.
   * Without it what decodes is.
   */
  validate?(key: string, value: V, operation: Operation): Promise<boolean>
  /** What this process knows without the cache: asked when no tier has the key, before `load`. */
  known?(key: string): V | undefined
  /** Finds the value elsewhere; undefined when there is none. */
  load(key: string, operation: Operation): Promise<V | undefined>
  /** Ms since the epoch. */
  now(): number
  limits?: Partial<CacheLimits>
}

export const createTieredCache = <V>(deps: TieredCacheDependencies<V>): TieredCache<V> => {
  const { store, table, codec, load, now, validate = async () => true, known = () => undefined } = deps
  const limits: CacheLimits = { ...defaultCacheLimits, ...deps.limits }
  const hot = createMemoryTier<V>({ entries: limits.hotEntries, ttlMs: limits.hotMs, ageMs: limits.coldMs, now })
  const warm = createMemoryTier<Uint8Array>({
    entries: limits.warmEntries,
    ttlMs: limits.warmMs,
    ageMs: limits.coldMs,
    maxBytes: limits.warmBytes,
    now,
    onGone: (key) => hot.remove(key),
  })
  const cold = createColdTier({ store, table, limits, now })
  const flights = createSingleFlight<CacheAnswer<V>>()
  const sample = createHitRateSample(limits.warmEntries, limits.windowRequests)
  /** When each key was last found to have no value. */
  const noneSince = createLruMap<number>(limits.noneEntries)
  const counts = { hits: 0, known: 0, misses: 0, joined: 0, none: 0, tooLarge: 0 }
  const loads = { found: 0, none: 0, failed: 0 }
  let stopped = false

  const keepInMemory = (key: string, value: V, bytes: Uint8Array, at: number): void => {
    warm.put(key, { value: bytes, at, bytes: bytes.length })
    // Without room among the warm ones it is not hot either.
    if (warm.peek(key) !== undefined) hot.put(key, { value, at, bytes: bytes.length })
  }

  const keep = (key: string, value: V, bytes: Uint8Array): void => {
    noneSince.delete(key)
    if (bytes.length > limits.entryBytes) {
      counts.tooLarge += 1
      forget(key)
      return
    }
    const at = now()
    keepInMemory(key, value, bytes, at)
    cold.put(key, bytes, at)
  }

  const forget = (key: string): void => {
    hot.remove(key)
    warm.remove(key)
    cold.remove(key)
  }

  const rememberNone = (key: string): void => {
    noneSince.set(key, now())
  }

  const isKnownNone = (key: string): boolean => {
    const since = noneSince.peek(key)
    if (since === undefined) return false
    // A clock that was set back must not make it last.
    if (since <= now() && isFresh(since, now(), limits.noneMs)) return true
    noneSince.delete(key)
    return false
  }

  const inMemory = (key: string): CacheAnswer<V> | undefined => {
    const found = hot.get(key)
    if (found !== undefined) {
      warm.touch(key)
      return { value: found.value, from: 'hot' }
    }
    const encoded = warm.get(key)
    if (encoded === undefined) return undefined
    const value = codec.decode(encoded.value)
    if (value === undefined) {
      warm.remove(key)
      return undefined
    }
    hot.put(key, { value, at: encoded.at, bytes: encoded.bytes })
    return { value, from: 'warm' }
  }

  const peek = (key: string): V | undefined => {
    const encoded = warm.peek(key)
    return hot.peek(key)?.value ?? (encoded === undefined ? undefined : codec.decode(encoded.value))
  }

  const fromStore = async (key: string, flight: Flight): Promise<CacheAnswer<V> | undefined> => {
    const kept = await cold.read(key)
    if (kept === undefined) return undefined
    const value = codec.decode(kept.bytes)
    if (value === undefined || !(await validate(key, value, flight.operation))) {
      // What was put meanwhile stays.
      if (flight.isCurrent()) cold.refuse(key, { corrupt: value === undefined })
      return undefined
    }
    counts.hits += 1
    if (flight.isCurrent()) keepInMemory(key, value, kept.bytes, kept.at)
    return { value, from: 'cold' }
  }

  const fromKnown = (key: string, flight: Flight): CacheAnswer<V> | undefined => {
    const value = known(key)
    if (value === undefined) return undefined
    counts.known += 1
    if (flight.isCurrent()) keep(key, value, codec.encode(value))
    return { value, from: 'known' }
  }

  const fromElsewhere = async (key: string, flight: Flight): Promise<CacheAnswer<V>> => {
    counts.misses += 1
    let value: V | undefined
    try {
      value = await load(key, flight.operation)
    } catch (error) {
      loads.failed += 1
      throw error
    }
    loads[value === undefined ? 'none' : 'found'] += 1
    if (!flight.isCurrent()) return { value, from: value === undefined ? 'none' : 'loaded' }
    if (value === undefined) {
      rememberNone(key)
      return { value, from: 'none' }
    }
    keep(key, value, codec.encode(value))
    return { value, from: 'loaded' }
  }

  const find = async (key: string, flight: Flight): Promise<CacheAnswer<V>> => {
    const answer = (await fromStore(key, flight)) ?? fromKnown(key, flight) ?? (await fromElsewhere(key, flight))
    // What was put meanwhile is newer.
    const newer = flight.isCurrent() ? undefined : peek(key)
    return newer === undefined ? answer : { value: newer, from: 'hot' }
  }

  return {
    async get(key, { operation = untraced() } = {}) {
      if (stopped || operation.signal.aborted) throw new Failure('Cancelled', { code: 'cancelled' })
      if (flights.has(key)) {
        counts.joined += 1
      } else {
        const held = inMemory(key)
        if (held === undefined && isKnownNone(key) && known(key) === undefined) {
          counts.none += 1
          return { value: undefined, from: 'none' }
        }
        sample.note(key, held !== undefined)
        if (held !== undefined) {
          counts.hits += 1
          return held
        }
      }
      return flights.join(key, (flight) => find(key, flight), operation)
    },

    peek,

    put(key, value) {
      if (stopped) return
      const bytes = codec.encode(value)
      flights.supersede(key)
      keep(key, value, bytes)
    },

    invalidate(key) {
      flights.supersede(key)
      noneSince.delete(key)
      forget(key)
    },

    stats: () => ({
      hot: hot.stats(),
      warm: warm.stats(),
      cold: cold.stats(),
      ...counts,
      loads: { ...loads },
      window: sample.rates(),
    }),

    flush: () => cold.flush(),

    async stop() {
      stopped = true
      flights.stop()
      await cold.stop()
    },
  }
}
