import { type CacheMemoryStats, createCacheMemory } from '../cache/cache-memory.ts'
import { type ColdStats, createColdTier } from '../cache/cold-tier.ts'
import type { CacheLimits } from '../cache/limits.ts'
import {
  type CacheStats,
  createTieredCache,
  type TieredCache,
  type TieredCacheDependencies,
} from '../cache/tiered-cache.ts'
import type { Change, Store } from '../store/store.ts'

/** A value like those of the cache's users: an object that is encoded. */
export interface Note {
  text: string
}

export const noteCodec = {
  encode: ({ text }: Note): Uint8Array => new TextEncoder().encode(`note:${text}`),
  decode: (bytes: Uint8Array): Note | undefined => {
    const text = new TextDecoder().decode(bytes)
    return text.startsWith('note:') ? { text: text.slice(5) } : undefined
  },
}

/** A store that counts its calls and rejects them while `refusal` is set. */
export interface WatchedStore extends Store {
  writes: (readonly Change[])[]
  reads: number
  refusal: Error | undefined
}

export const watch = (store: Store): WatchedStore => {
  const watched: WatchedStore = {
    ...store,
    writes: [],
    reads: 0,
    refusal: undefined,
    async get(table, key) {
      watched.reads += 1
      if (watched.refusal !== undefined) throw watched.refusal
      return store.get(table, key)
    },
    async keys(table, prefix) {
      if (watched.refusal !== undefined) throw watched.refusal
      return store.keys(table, prefix)
    },
    async write(changes, options) {
      if (watched.refusal !== undefined) throw watched.refusal
      watched.writes.push(changes)
      return store.write(changes, options)
    },
  }
  return watched
}

export interface StoredCacheDependencies<V> extends Omit<TieredCacheDependencies<V>, 'memory' | 'cold'> {
  store: Store
  /** Ms since the epoch. */
  now(): number
  limits?: Partial<CacheLimits>
}

export interface StoredCache<V> extends Omit<TieredCache<V>, 'stats'> {
  stats(): Omit<CacheMemoryStats<'value'>, 'requests'> &
    CacheStats & { cold: ColdStats; hits: number; known: number; misses: number }
}

/** A cache of one kind of value, with memory of its own, copies in the store, and all figures in one place. */
export const createStoredCache = <V>({ store, now, limits, ...deps }: StoredCacheDependencies<V>): StoredCache<V> => {
  const all = createCacheMemory({ kinds: ['value'], now, ...(limits === undefined ? {} : { limits }) })
  const memory = all.of<V>('value')
  const cold = createColdTier({ store, table: 'cache', limits: memory.limits, now })
  const cache = createTieredCache({ ...deps, memory, cold })
  return {
    ...cache,
    stats() {
      const { requests, ...tiers } = all.stats()
      const { hot, warm, cold: fromCold, known, missed } = requests.value
      return { ...tiers, ...cache.stats(), cold: cold.stats(), hits: hot + warm + fromCold, known, misses: missed }
    },
  }
}
