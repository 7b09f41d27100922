import { isFailure } from '../contract/failures.ts'
import { createYieldToEventLoop, yieldToEventLoop } from '../stack/event-loop.ts'
import type { Change, Store, TableName } from '../store/store.ts'
import { type ColdName, createColdRecords, readColdName, toColdName } from './cold-record.ts'
import { type CacheLimits, isFresh } from './limits.ts'
import type { TierStats } from './memory-tier.ts'

/** Persistent tier: copies in the store, or a read-only view of values stored elsewhere. */
export interface ColdTier {
  /** @throws errors of the source of a read-only tier. */
  read(key: string): Promise<{ bytes: Uint8Array; at: number } | undefined>
  put(key: string, bytes: Uint8Array, at: number): void
  remove(key: string): void
  /** Rejects a value that was read: removes it and counts a miss instead of the hit. */
  reject(key: string, cause: { corrupt: boolean }): void
  /** Attempts all pending writes once. */
  flush(): Promise<void>
  /** Writes pending entries and ends. */
  stop(): Promise<void>
}

/**
 * Entries in the store, bounded by bytes, number and age; evicts the least recently used first.
 *
 * Write-behind: an entry can be read as soon as it is put, and is written with others shortly after. While the store
 * fails, entries wait in bounded memory and are retried. Never rejects: a failing store reads as empty and is counted.
 * A damaged entry is removed and reads as a miss.
 */
export interface StoredColdTier extends ColdTier {
  stats(): ColdStats
}

export interface ColdStats extends TierStats {
  /** Damaged or invalid entries. */
  corrupt: number
  /** Failed reads and writes of the store. */
  failures: number
  /** Entries waiting to be written. */
  pending: number
}

export interface ColdTierOptions {
  store: Store
  table: TableName
  limits: CacheLimits
  now(): number
}

/** Entries of a full batch, written without delay: about 15 ms in one transaction. */
const batchEntries = 128

/** Expired or damaged entries removed in one write: a few milliseconds. */
const staleBatch = 512

/** Maximum delay before retrying a failed store (ms); starts at the write delay and doubles. */
const maxRetryMs = 60_000

/** Undefined removes the entry. */
type Pending = { bytes: Uint8Array; at: number } | undefined

export const createColdTier = ({ store, table, limits, now }: ColdTierOptions): StoredColdTier => {
  const records = createColdRecords(limits.entryBytes)
  /** Entries in the store, least recently used first. */
  const index = new Map<string, ColdName>()
  const counts = { hits: 0, misses: 0, evictions: 0, expired: 0, corrupt: 0, failures: 0 }
  /** Stored names that are invalid, expired or superseded. */
  const staleNames = new Set<string>()
  let pending = new Map<string, Pending>()
  let writing = new Map<string, Pending>()
  let pendingBytes = 0
  let storedBytes = 0
  let budget = limits.coldBytes
  let retryMs = limits.writeDelayMs
  let timer: ReturnType<typeof setTimeout> | undefined
  let flushing: Promise<void> = Promise.resolve()
  let opening: Promise<boolean> | undefined
  let stopped = false
  let closing = false

  /** Reads the index once; false while the store does not answer. */
  const open = (): Promise<boolean> => {
    opening ??= store.keys(table).then(
      async (names) => {
        await fillIndex(names)
        return true
      },
      () => {
        counts.failures += 1
        opening = undefined
        return false
      },
    )
    return opening
  }

  /** Yields between slices: a full tier has 20,000 names, which take 50 ms. */
  const fillIndex = async (names: readonly string[]): Promise<void> => {
    const yieldAtTimes = createYieldToEventLoop(now)
    const found: ColdName[] = []
    for (const name of names) {
      const read = readColdName(name)
      if (read !== undefined && isFresh(read.at, now(), limits.coldMs)) found.push(read)
      else staleNames.add(name)
      await yieldAtTimes()
    }
    for (const entry of found.sort((a, b) => a.at - b.at)) {
      const older = index.get(entry.key)
      if (older !== undefined) staleNames.add(toColdName(older))
      addToIndex(entry)
      await yieldAtTimes()
    }
    if (staleNames.size > 0) schedule()
  }

  const addToIndex = (entry: ColdName): void => {
    removeFromIndex(entry.key)
    index.set(entry.key, entry)
    storedBytes += entry.size
  }

  const removeFromIndex = (key: string): void => {
    const existing = index.get(key)
    if (existing === undefined) return
    index.delete(key)
    storedBytes -= existing.size
  }

  const schedule = (delayMs = limits.writeDelayMs): void => {
    if (stopped) return
    timer ??= setTimeout(() => {
      timer = undefined
      void flush()
    }, delayMs)
  }

  const enqueue = (key: string, change: Pending): void => {
    if (stopped) return
    dequeue(key)
    pending.set(key, change)
    pendingBytes += change?.bytes.length ?? 0
    // Drops the oldest pending values first; they remain in memory only.
    for (const [oldest, { bytes } = { bytes: undefined }] of pending) {
      if (pendingBytes <= limits.pendingBytes) break
      if (bytes !== undefined) dequeue(oldest)
    }
    if (pending.size === batchEntries) void flush()
    else schedule()
  }

  const dequeue = (key: string): void => {
    pendingBytes -= pending.get(key)?.bytes.length ?? 0
    pending.delete(key)
  }

  const flush = (): Promise<void> => {
    flushing = flushing.then(write)
    return flushing
  }

  const write = async (): Promise<void> => {
    if (pending.size === 0 && staleNames.size === 0 && storedBytes <= budget) return
    if (!(await open())) {
      retryLater()
      return
    }
    writing = pending
    pending = new Map()
    pendingBytes = 0
    const removedNames = takeStaleNames()
    const { changes, added, removed, evicted } = plan(writing, removedNames)
    try {
      await store.write(changes)
      for (const key of removed) removeFromIndex(key)
      for (const entry of added) addToIndex(entry)
      for (const name of removedNames) staleNames.delete(name)
      counts.evictions += evicted
      retryMs = limits.writeDelayMs
    } catch (failure) {
      counts.failures += 1
      // The quota is smaller than assumed: use half of the current size, and free the rest.
      if (isFailure(failure, 'QuotaExceeded')) budget = Math.floor(Math.min(budget, storedBytes) / 2)
      const newer = pending
      pending = new Map()
      pendingBytes = 0
      for (const [key, change] of [...writing, ...newer]) {
        dequeue(key)
        pending.set(key, change)
        pendingBytes += change?.bytes.length ?? 0
      }
      retryLater()
      return
    } finally {
      writing = new Map()
    }
    await removeStaleNames()
  }

  /** Removes the rest in batches, between which other tasks run. What is left at the end is found at the next start. */
  const removeStaleNames = async (): Promise<void> => {
    while (staleNames.size > 0 && !closing) {
      await yieldToEventLoop()
      const names = takeStaleNames()
      try {
        await store.write(names.map((key) => ({ table, key, value: undefined })))
      } catch {
        counts.failures += 1
        retryLater()
        return
      }
      for (const name of names) staleNames.delete(name)
    }
  }

  const takeStaleNames = (): string[] => {
    const names: string[] = []
    for (const name of staleNames) if (names.push(name) === staleBatch) break
    return names
  }

  const retryLater = (): void => {
    retryMs = Math.min(maxRetryMs, retryMs * 2)
    schedule(retryMs)
  }

  /** Computes the changes of one write to the store and to the index. */
  const plan = (batch: ReadonlyMap<string, Pending>, removedNames: readonly string[]) => {
    const changes: Change[] = removedNames.map((key) => ({ table, key, value: undefined }))
    const added: ColdName[] = []
    const removed: string[] = []
    let bytes = storedBytes
    let entries = index.size
    const clear = (existing: ColdName): void => {
      changes.push({ table, key: toColdName(existing), value: undefined })
      removed.push(existing.key)
      bytes -= existing.size
      entries -= 1
    }
    for (const [key, change] of batch) {
      const existing = index.get(key)
      if (existing !== undefined) clear(existing)
      if (change === undefined) continue
      const record = records.encode(key, change.at, change.bytes)
      if (record === undefined || record.bytes.length > budget) continue
      const entry = { key, at: change.at, size: record.bytes.length }
      changes.push({ table, key: record.name, value: record.bytes })
      added.push(entry)
      bytes += entry.size
      entries += 1
    }
    let evicted = 0
    for (const existing of index.values()) {
      if (bytes <= budget && entries <= limits.coldEntries) break
      if (batch.has(existing.key)) continue
      clear(existing)
      evicted += 1
    }
    // A batch alone may exceed the budget.
    while (added.length > 0 && (bytes > budget || entries > limits.coldEntries)) {
      const dropped = added.shift()
      if (dropped === undefined) break
      const name = toColdName(dropped)
      changes.splice(
        changes.findIndex(({ key, value }) => key === name && value !== undefined),
        1,
      )
      bytes -= dropped.size
      entries -= 1
      evicted += 1
    }
    return { changes, added, removed, evicted }
  }

  return {
    async read(key) {
      const unwritten = pending.has(key)
        ? { change: pending.get(key) }
        : writing.has(key)
          ? { change: writing.get(key) }
          : undefined
      if (unwritten !== undefined) {
        const fresh = unwritten.change !== undefined && isFresh(unwritten.change.at, now(), limits.coldMs)
        counts[fresh ? 'hits' : 'misses'] += 1
        return fresh ? unwritten.change : undefined
      }
      const entry = (await open()) ? index.get(key) : undefined
      if (entry === undefined || !isFresh(entry.at, now(), limits.coldMs)) {
        counts.misses += 1
        if (entry !== undefined) {
          counts.expired += 1
          enqueue(key, undefined)
        }
        return undefined
      }
      const stored = await store.get(table, toColdName(entry)).catch(() => {
        counts.failures += 1
        return null
      })
      const bytes = stored == null ? undefined : records.decode(entry, stored)
      if (bytes === undefined) {
        counts.misses += 1
        // An entry replaced during the read is not damaged.
        if (stored !== null && index.get(key) === entry && !pending.has(key) && !writing.has(key)) {
          counts.corrupt += 1
          enqueue(key, undefined)
        }
        return undefined
      }
      counts.hits += 1
      if (index.get(key) === entry) {
        index.delete(key)
        index.set(key, entry)
      }
      return { bytes, at: entry.at }
    },
    put: (key, bytes, at) => enqueue(key, { bytes, at }),
    remove: (key) => enqueue(key, undefined),
    reject(key, { corrupt }) {
      counts.hits -= 1
      counts.misses += 1
      if (corrupt) counts.corrupt += 1
      enqueue(key, undefined)
    },
    flush,
    async stop() {
      closing = true
      clearTimeout(timer)
      timer = undefined
      await flush()
      stopped = true
      clearTimeout(timer)
    },
    stats: () => ({ ...counts, entries: index.size, bytes: storedBytes, pending: pending.size + writing.size }),
  }
}
