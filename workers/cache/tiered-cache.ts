import { Failure } from '../contract/failures.ts'
import { createLruMap } from '../stack/lru-map.ts'
import { type Operation, untraced } from '../telemetry/operation.ts'
import type { KindMemory } from './cache-memory.ts'
import type { ColdTier } from './cold-tier.ts'
import { isFresh } from './limits.ts'
import { createSingleFlight, type Flight } from './single-flight.ts'

/**
 * Read-through cache for one kind of value in three tiers (docs/protocol.md §11): hot holds decoded values and warm
 * holds encoded ones, both in the memory that all kinds share; cold is on disk. A hit promotes an entry to the tiers
 * above.
 *
 * Guarantees: concurrent callers of a missing key share one cold read and one `load`; a failed load rejects all of them
 * and is not cached; a load never overwrites a put, invalidation or drop that happened meanwhile; a failing store
 * disables only the cold tier; every cold value is decoded and validated again. Not guaranteed: that any entry is
 * retained. Callers share values and must not modify them.
 */
export interface TieredCache<V> {
  /**
   * Returns the cached or loaded value; undefined when none exists.
   * @throws errors of `load` or of a read-only cold tier; Failure `Cancelled` when the operation is cancelled, or on
   * `stop`.
   */
  get(key: string, options?: { operation?: Operation }): Promise<CacheAnswer<V>>
  /**
   * The answer of `get` if memory has it, synchronously: a value, or that there is none. Counts and promotes as `get` does;
   * undefined, and without effect, when only `get` can tell.
   */
  getFromMemory(key: string): CacheAnswer<V> | undefined
  /** Reads memory synchronously; neither counts nor promotes. */
  peek(key: string): V | undefined
  /** @throws errors of `encode`. */
  put(key: string, value: V): void
  invalidate(key: string): void
  /** Drops all keys with `prefix` from memory, because their values in the cold tier have changed. */
  dropFromMemory(prefix: string): void
  stats(): CacheStats
  /** Attempts all pending writes once. For a page that is being hidden. */
  flush(): Promise<void>
  /** Cancels loads and writes pending entries. */
  stop(): Promise<void>
}

export interface CacheAnswer<V> {
  value: V | undefined
  from: 'hot' | 'warm' | 'cold' | 'known' | 'loaded' | 'none'
}

/** Counts beyond those of the memory. */
export interface CacheStats {
  /** Callers that joined a running read. */
  joined: number
  /** Requests answered by a negative entry. */
  none: number
  /** Values too large to cache. */
  tooLarge: number
  loads: { found: number; none: number; failed: number }
}

export interface TieredCacheDependencies<V> {
  memory: KindMemory<V>
  cold: ColdTier
  /** `decode` is total: undefined for invalid bytes. */
  codec: { encode(value: V): Uint8Array; decode(bytes: Uint8Array): V | undefined }
  /**
   * Validates a value from the cold tier, which is as untrusted as bytes from a peer and may be out of date. By default
   * every value that decodes is valid.
   */
  validate?(key: string, value: V, operation: Operation): Promise<boolean>
  /** Value held elsewhere in this process; consulted when no tier has the key, before `load`. */
  known?(key: string): V | undefined
  /**
   * Loads a value; undefined when none exists, which is cached briefly as a negative entry. Without `load` there are no
   * negative entries, and each miss reads the cold tier.
   */
  load?(key: string, operation: Operation): Promise<V | undefined>
}

export const createTieredCache = <V>(deps: TieredCacheDependencies<V>): TieredCache<V> => {
  const { memory, cold, codec, load, validate = async () => true, known = () => undefined } = deps
  const { limits, now } = memory
  const reads = createSingleFlight<CacheAnswer<V>>()
  /** Negative entries: when each key was last found to have no value. */
  const noneSince = createLruMap<number>(limits.noneEntries)
  const counts = { joined: 0, none: 0, tooLarge: 0 }
  const loads = { found: 0, none: 0, failed: 0 }
  let stopped = false

  const fits = (bytes: Uint8Array): boolean => bytes.length <= limits.entryBytes

  const putInMemory = (key: string, value: V, bytes: Uint8Array, at: number): void => {
    if (fits(bytes)) memory.put(key, value, bytes, at)
    else counts.tooLarge += 1
  }

  const putInTiers = (key: string, value: V, bytes: Uint8Array): void => {
    noneSince.delete(key)
    // An older, smaller value of the key must not remain.
    if (!fits(bytes)) removeFromTiers(key)
    const at = now()
    putInMemory(key, value, bytes, at)
    if (fits(bytes)) cold.put(key, bytes, at)
  }

  const removeFromTiers = (key: string): void => {
    memory.remove(key)
    cold.remove(key)
  }

  const addNegative = (key: string): void => {
    noneSince.set(key, now())
  }

  const hasNegative = (key: string): boolean => {
    const since = noneSince.peek(key)
    if (since === undefined) return false
    // A clock that was set back must not extend it.
    if (since <= now() && isFresh(since, now(), limits.noneMs)) return true
    noneSince.delete(key)
    return false
  }

  const peek = (key: string): V | undefined => memory.peek(key, codec.decode)

  /** Samples a memory miss of an existing value, unless it is too large to cache. */
  const sampleMiss = (key: string, bytes: Uint8Array): void => {
    if (fits(bytes)) memory.sample(key, false)
  }

  const readCold = async (key: string): ReturnType<ColdTier['read']> => {
    try {
      return await cold.read(key)
    } catch (error) {
      memory.count('missed')
      throw error
    }
  }

  const fromCold = async (key: string, flight: Flight): Promise<CacheAnswer<V> | undefined> => {
    const stored = await readCold(key)
    if (stored === undefined) return undefined
    const value = codec.decode(stored.bytes)
    if (value === undefined || !(await validate(key, value, flight.operation))) {
      // A newer put must not be removed.
      if (flight.isCurrent()) cold.reject(key, { corrupt: value === undefined })
      return undefined
    }
    memory.count('cold')
    sampleMiss(key, stored.bytes)
    if (flight.isCurrent()) putInMemory(key, value, stored.bytes, stored.at)
    return { value, from: 'cold' }
  }

  const fromKnown = (key: string, flight: Flight): CacheAnswer<V> | undefined => {
    const value = known(key)
    if (value === undefined) return undefined
    const bytes = codec.encode(value)
    memory.count('known')
    sampleMiss(key, bytes)
    if (flight.isCurrent()) putInTiers(key, value, bytes)
    return { value, from: 'known' }
  }

  const fromLoad = async (key: string, flight: Flight): Promise<CacheAnswer<V>> => {
    memory.count('missed')
    if (load === undefined) return { value: undefined, from: 'none' }
    let value: V | undefined
    try {
      value = await load(key, flight.operation)
    } catch (error) {
      loads.failed += 1
      throw error
    }
    loads[value === undefined ? 'none' : 'found'] += 1
    if (value === undefined) {
      if (flight.isCurrent()) addNegative(key)
      return { value, from: 'none' }
    }
    const bytes = codec.encode(value)
    sampleMiss(key, bytes)
    if (flight.isCurrent()) putInTiers(key, value, bytes)
    return { value, from: 'loaded' }
  }

  const find = async (key: string, flight: Flight): Promise<CacheAnswer<V>> => {
    const answer = (await fromCold(key, flight)) ?? fromKnown(key, flight) ?? (await fromLoad(key, flight))
    // A put during the read is newer.
    const newer = flight.isCurrent() ? undefined : peek(key)
    return newer === undefined ? answer : { value: newer, from: 'hot' }
  }

  const getFromMemory = (key: string): CacheAnswer<V> | undefined => {
    if (stopped || reads.has(key)) return undefined
    const cached = memory.get(key, codec.decode)
    if (cached !== undefined) {
      memory.count(cached.from)
      memory.sample(key, true)
      return cached
    }
    if (!hasNegative(key) || known(key) !== undefined) return undefined
    counts.none += 1
    return { value: undefined, from: 'none' }
  }

  return {
    async get(key, { operation = untraced() } = {}) {
      if (stopped || operation.signal.aborted) throw new Failure('Cancelled', { code: 'cancelled' })
      const answer = getFromMemory(key)
      if (answer !== undefined) return answer
      if (reads.has(key)) counts.joined += 1
      return reads.join(key, (flight) => find(key, flight), operation)
    },

    getFromMemory,

    peek,

    put(key, value) {
      if (stopped) return
      const bytes = codec.encode(value)
      reads.supersede(key)
      putInTiers(key, value, bytes)
    },

    invalidate(key) {
      reads.supersede(key)
      noneSince.delete(key)
      removeFromTiers(key)
    },

    dropFromMemory(prefix) {
      reads.supersedeAll(prefix)
      memory.removeAll(prefix)
    },

    stats: () => ({ ...counts, loads: { ...loads } }),

    flush: () => cold.flush(),

    async stop() {
      stopped = true
      reads.stop()
      await cold.stop()
    },
  }
}
