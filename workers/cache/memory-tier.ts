import { isFresh } from './limits.ts'
import { createPolicy } from './policy.ts'

/** What happened in one tier since it was made. */
export interface TierStats {
  hits: number
  misses: number
  /** Entries that went because there was no room. */
  evictions: number
  /** Entries that went because of their age. */
  expired: number
  entries: number
  bytes: number
}

export interface MemoryEntry<T> {
  readonly value: T
  /** When the value was put into the cache, ms since the epoch. */
  readonly at: number
  readonly bytes: number
}

/** Entries in memory, bounded by number, bytes and age. Counts; never fails. */
export interface MemoryTier<T> {
  /** Counts as a request. */
  get(key: string): MemoryEntry<T> | undefined
  /** Neither counts nor changes anything. */
  peek(key: string): MemoryEntry<T> | undefined
  /** A request that another tier answered: the key is worth more. */
  touch(key: string): void
  put(key: string, entry: MemoryEntry<T>): void
  remove(key: string): void
  keys(): Iterable<string>
  stats(): TierStats
}

export interface MemoryTierOptions {
  entries: number
  /** Longest stay in this tier. */
  ttlMs: number
  /** Longest since the value was put into the cache. */
  ageMs: number
  maxBytes?: number
  now(): number
  /** Told of each key that is no longer here, except by `remove`. */
  onGone?(key: string): void
}

export const createMemoryTier = <T>(options: MemoryTierOptions): MemoryTier<T> => {
  const { entries, ttlMs, ageMs, maxBytes = Number.POSITIVE_INFINITY, now, onGone = () => {} } = options
  const held = new Map<string, { entry: MemoryEntry<T>; since: number }>()
  const policy = createPolicy(entries)
  const counts = { hits: 0, misses: 0, evictions: 0, expired: 0 }
  let bytes = 0

  const fresh = (key: string): MemoryEntry<T> | undefined => {
    const found = held.get(key)
    if (found === undefined) return undefined
    const time = now()
    return isFresh(found.since, time, ttlMs) && isFresh(found.entry.at, time, ageMs) ? found.entry : undefined
  }

  const forget = (key: string): boolean => {
    const found = held.get(key)
    if (found === undefined) return false
    held.delete(key)
    bytes -= found.entry.bytes
    return true
  }

  const evicted = (key: string | undefined): void => {
    if (key === undefined || !forget(key)) return
    counts.evictions += 1
    onGone(key)
  }

  return {
    get(key) {
      policy.touch(key)
      const entry = fresh(key)
      if (entry !== undefined) {
        counts.hits += 1
        return entry
      }
      counts.misses += 1
      if (forget(key)) {
        policy.remove(key)
        counts.expired += 1
        onGone(key)
      }
      return undefined
    },
    peek: fresh,
    touch: (key) => void policy.touch(key),
    put(key, entry) {
      forget(key)
      held.set(key, { entry, since: now() })
      bytes += entry.bytes
      evicted(policy.add(key))
      while (bytes > maxBytes) {
        const gone = policy.evict()
        if (gone === undefined) break
        evicted(gone)
      }
    },
    remove(key) {
      forget(key)
      policy.remove(key)
    },
    keys: () => held.keys(),
    stats: () => ({ ...counts, entries: held.size, bytes }),
  }
}
