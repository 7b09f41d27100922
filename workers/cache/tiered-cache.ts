import { Failure } from '../contract/failures.ts'
import { createLruMap } from '../stack/lru-map.ts'
import { type Operation, untraced } from '../telemetry/operation.ts'
import type { KindMemory } from './cache-memory.ts'
import type { ColdTier } from './cold-tier.ts'
import { isFresh } from './limits.ts'
import { createSingleFlight, type Flight } from './single-flight.ts'

/**
 * A read-through cache for one kind of value in three tiers (docs/protocol.md §11): hot holds decoded values, warm encoded
 * ones, in the memory that all kinds share; cold is on disk. A hit takes an entry to the tiers above.
 *
 * Guarantees: callers of one missing key at the same time cause one look into the cold tier and one `load`; a failing load
 * rejects all of them and is not kept; what was put, invalidated or dropped while a load was under way is not overwritten
 * by it; a store of copies that fails costs nothing but the cold tier; whatever the cold tier holds is decoded and
 * validated again. Not guaranteed: that anything is kept. Values are shared between callers, who must not change them.
 */
export interface TieredCache<V> {
  /**
   * The value of a key: kept, or loaded. Undefined when there is none.
   * @throws what `load` or a read-only cold tier throws; Failure `Cancelled` when the caller's operation is cancelled, or
   * by `stop`.
   */
  get(key: string, options?: { operation?: Operation }): Promise<CacheAnswer<V>>
  /** What memory has, at once; neither counts nor promotes. */
  peek(key: string): V | undefined
  /** @throws what `encode` throws. */
  put(key: string, value: V): void
  invalidate(key: string): void
  /** Forgets in memory all keys that start with `prefix`: what the cold tier has of them has changed by itself. */
  dropFromMemory(prefix: string): void
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

/** What the figures of the memory do not say. */
export interface CacheStats {
  /** Callers that waited for a read under way. */
  joined: number
  /** Requests answered with a recent “there is none”. */
  none: number
  /** Values too large to be kept. */
  tooLarge: number
  loads: { found: number; none: number; failed: number }
}

export interface TieredCacheDependencies<V> {
  memory: KindMemory<V>
  cold: ColdTier
  /** `decode` is total: undefined for bytes that are no value. */
  codec: { encode(value: V): Uint8Array; decode(bytes: Uint8Array): V | undefined }
  /**
   * Whether what the cold tier gave may still be used: it is as hostile as what a stranger sent, and may be out of date.
   * Without it what decodes is.
   */
  validate?(key: string, value: V, operation: Operation): Promise<boolean>
  /** What this process knows without the cache: asked when no tier has the key, before `load`. */
  known?(key: string): V | undefined
  /**
   * Finds the value elsewhere; undefined when there is none, which is remembered for a short while. Without it there is
   * nothing beyond the tiers and nothing to remember: the cold tier is asked each time.
   */
  load?(key: string, operation: Operation): Promise<V | undefined>
}

export const createTieredCache = <V>(deps: TieredCacheDependencies<V>): TieredCache<V> => {
  const { memory, cold, codec, load, validate = async () => true, known = () => undefined } = deps
  const { limits, now } = memory
  const flights = createSingleFlight<CacheAnswer<V>>()
  /** When each key was last found to have no value. */
  const noneSince = createLruMap<number>(limits.noneEntries)
  const counts = { joined: 0, none: 0, tooLarge: 0 }
  const loads = { found: 0, none: 0, failed: 0 }
  let stopped = false

  const fits = (bytes: Uint8Array): boolean => bytes.length <= limits.entryBytes

  const keepInMemory = (key: string, value: V, bytes: Uint8Array, at: number): void => {
    if (fits(bytes)) memory.put(key, value, bytes, at)
    else counts.tooLarge += 1
  }

  const keep = (key: string, value: V, bytes: Uint8Array): void => {
    noneSince.delete(key)
    // A smaller value of the same key must not stay in its place.
    if (!fits(bytes)) forget(key)
    const at = now()
    keepInMemory(key, value, bytes, at)
    if (fits(bytes)) cold.put(key, bytes, at)
  }

  const forget = (key: string): void => {
    memory.remove(key)
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

  const peek = (key: string): V | undefined => memory.peek(key, codec.decode)

  /** Memory did not have a value that exists; one that cannot be kept says nothing about the memory. */
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
    const kept = await readCold(key)
    if (kept === undefined) return undefined
    const value = codec.decode(kept.bytes)
    if (value === undefined || !(await validate(key, value, flight.operation))) {
      // What was put meanwhile stays.
      if (flight.isCurrent()) cold.refuse(key, { corrupt: value === undefined })
      return undefined
    }
    memory.count('cold')
    sampleMiss(key, kept.bytes)
    if (flight.isCurrent()) keepInMemory(key, value, kept.bytes, kept.at)
    return { value, from: 'cold' }
  }

  const fromKnown = (key: string, flight: Flight): CacheAnswer<V> | undefined => {
    const value = known(key)
    if (value === undefined) return undefined
    const bytes = codec.encode(value)
    memory.count('known')
    sampleMiss(key, bytes)
    if (flight.isCurrent()) keep(key, value, bytes)
    return { value, from: 'known' }
  }

  const fromElsewhere = async (key: string, flight: Flight): Promise<CacheAnswer<V>> => {
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
      if (flight.isCurrent()) rememberNone(key)
      return { value, from: 'none' }
    }
    const bytes = codec.encode(value)
    sampleMiss(key, bytes)
    if (flight.isCurrent()) keep(key, value, bytes)
    return { value, from: 'loaded' }
  }

  const find = async (key: string, flight: Flight): Promise<CacheAnswer<V>> => {
    const answer = (await fromCold(key, flight)) ?? fromKnown(key, flight) ?? (await fromElsewhere(key, flight))
    // What was put meanwhile is newer.
    const newer = flight.isCurrent() ? undefined : peek(key)
    return newer === undefined ? answer : { value: newer, from: 'hot' }
  }

  return {
    async get(key, { operation = untraced() } = {}) {
      if (stopped || operation.signal.aborted) throw new Failure('Cancelled', { code: 'cancelled' })
      if (flights.has(key)) {
        counts.joined += 1
        return flights.join(key, (flight) => find(key, flight), operation)
      }
      const held = memory.get(key, codec.decode)
      if (held !== undefined) {
        memory.count(held.from)
        memory.sample(key, true)
        return held
      }
      if (isKnownNone(key) && known(key) === undefined) {
        counts.none += 1
        return { value: undefined, from: 'none' }
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

    dropFromMemory(prefix) {
      flights.supersedeAll(prefix)
      memory.removeAll(prefix)
    },

    stats: () => ({ ...counts, loads: { ...loads } }),

    flush: () => cold.flush(),

    async stop() {
      stopped = true
      flights.stop()
      await cold.stop()
    },
  }
}
