import { isFresh } from './limits.ts'
import { createPolicy } from './policy.ts'

/** Counts of one tier since its creation. */
export interface TierStats {
  hits: number
  misses: number
  /** Entries removed for lack of space. */
  evictions: number
  /** Entries removed because of their age. */
  expired: number
  entries: number
  bytes: number
}

export interface MemoryEntry<T> {
  readonly value: T
  /** Time of the put (Unix time, ms). */
  readonly at: number
  readonly bytes: number
}

/** Entries in memory, bounded by number, bytes and age. Never fails. */
export interface MemoryTier<T> {
  /** Counts as a request. */
  get(key: string): MemoryEntry<T> | undefined
  /** Has no side effects. */
  peek(key: string): MemoryEntry<T> | undefined
  /** Records a request answered by another tier, which raises the value of the key. */
  touch(key: string): void
  put(key: string, entry: MemoryEntry<T>): void
  remove(key: string): void
  keys(): Iterable<string>
  stats(): TierStats
}

export interface MemoryTierOptions {
  entries: number
  /** Maximum time in this tier (ms). */
  ttlMs: number
  /** Maximum age since the put (ms). */
  ageMs: number
  maxBytes?: number
  now(): number
  /** Called for each evicted or expired key, but not after `remove`. */
  onEvicted?(key: string): void
}

export const createMemoryTier = <T>(options: MemoryTierOptions): MemoryTier<T> => {
  const { entries, ttlMs, ageMs, maxBytes = Number.POSITIVE_INFINITY, now, onEvicted = () => {} } = options
  const entryByKey = new Map<string, { entry: MemoryEntry<T>; since: number }>()
  const policy = createPolicy(entries)
  const counts = { hits: 0, misses: 0, evictions: 0, expired: 0 }
  let bytes = 0

  const fresh = (key: string): MemoryEntry<T> | undefined => {
    const found = entryByKey.get(key)
    if (found === undefined) return undefined
    const time = now()
    return isFresh(found.since, time, ttlMs) && isFresh(found.entry.at, time, ageMs) ? found.entry : undefined
  }

  const removeEntry = (key: string): boolean => {
    const found = entryByKey.get(key)
    if (found === undefined) return false
    entryByKey.delete(key)
    bytes -= found.entry.bytes
    return true
  }

  const onVictim = (key: string | undefined): void => {
    if (key === undefined || !removeEntry(key)) return
    counts.evictions += 1
    onEvicted(key)
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
      if (removeEntry(key)) {
        policy.remove(key)
        counts.expired += 1
        onEvicted(key)
      }
      return undefined
    },
    peek: fresh,
    touch: (key) => void policy.touch(key),
    put(key, entry) {
      removeEntry(key)
      entryByKey.set(key, { entry, since: now() })
      bytes += entry.bytes
      onVictim(policy.add(key))
      while (bytes > maxBytes) {
        const victim = policy.evict()
        if (victim === undefined) break
        onVictim(victim)
      }
    },
    remove(key) {
      removeEntry(key)
      policy.remove(key)
    },
    keys: () => entryByKey.keys(),
    stats: () => ({ ...counts, entries: entryByKey.size, bytes }),
  }
}
