import { isFailure } from '../contract/failures.ts'
import type { Change, Store, TableName } from '../store/store.ts'
import { type ColdName, createColdRecords, readColdName, toColdName } from './cold-record.ts'
import { type CacheLimits, isFresh } from './limits.ts'
import type { TierStats } from './memory-tier.ts'

/** Where values outlast the memory: copies in the store, or a read-only tier over where they are kept anyway. */
export interface ColdTier {
  /** @throws what a read-only tier's source throws. */
  read(key: string): Promise<{ bytes: Uint8Array; at: number } | undefined>
  put(key: string, bytes: Uint8Array, at: number): void
  remove(key: string): void
  /** What was read cannot be used: it is removed, and counted as a miss rather than as a hit. */
  refuse(key: string, why: { corrupt: boolean }): void
  /** Writes what waits; resolves when it was tried once. */
  flush(): Promise<void>
  /** Writes what waits, and ends. */
  stop(): Promise<void>
}

/**
 * Entries in the store, bounded by bytes, number and age; those not used for longest go first.
 *
 * Writes come behind: what is put can be read at once, and goes to the store with others a moment later. While the store
 * refuses it, it waits in memory, up to a bound, and is tried again. Nothing here rejects: a store that is gone is an
 * empty one, and counted. A damaged entry is removed and reads as none.
 */
export interface StoredColdTier extends ColdTier {
  stats(): ColdStats
}

export interface ColdStats extends TierStats {
  /** Entries that were not what was written. */
  corrupt: number
  /** Writes and reads that the store refused. */
  failures: number
  /** Entries that wait to be written. */
  pending: number
}

export interface ColdTierOptions {
  store: Store
  table: TableName
  limits: CacheLimits
  now(): number
}

/** Entries that are written without waiting for more: they take about 15 ms in one transaction. */
const batchEntries = 128

/** A store that refuses is tried again after the write delay, doubled each time up to this, ms. */
const maxRetryMs = 60_000

/** Undefined: to be removed. */
type Pending = { bytes: Uint8Array; at: number } | undefined

export const createColdTier = ({ store, table, limits, now }: ColdTierOptions): StoredColdTier => {
  const records = createColdRecords(limits.entryBytes)
  /** What the store holds, used longest ago first. */
  const index = new Map<string, ColdName>()
  const counts = { hits: 0, misses: 0, evictions: 0, expired: 0, corrupt: 0, failures: 0 }
  /** Names in the store that belong to no entry, or to one that is over. */
  const litter = new Set<string>()
  let pending = new Map<string, Pending>()
  let writing = new Map<string, Pending>()
  let pendingBytes = 0
  let heldBytes = 0
  let budget = limits.coldBytes
  let retryMs = limits.writeDelayMs
  let timer: ReturnType<typeof setTimeout> | undefined
  let flushing: Promise<void> = Promise.resolve()
  let opening: Promise<boolean> | undefined
  let stopped = false

  /** Reads the index once; false while the store does not answer. */
  const open = (): Promise<boolean> => {
    opening ??= store.keys(table).then(
      (names) => {
        const found = names.flatMap((name) => {
          const read = readColdName(name)
          if (read === undefined || !isFresh(read.at, now(), limits.coldMs)) litter.add(name)
          return read === undefined || litter.has(name) ? [] : [read]
        })
        for (const entry of found.sort((a, b) => a.at - b.at)) {
          const older = index.get(entry.key)
          if (older !== undefined) litter.add(toColdName(older))
          enter(entry)
        }
        if (litter.size > 0) schedule()
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

  const enter = (entry: ColdName): void => {
    leave(entry.key)
    index.set(entry.key, entry)
    heldBytes += entry.size
  }

  const leave = (key: string): void => {
    const held = index.get(key)
    if (held === undefined) return
    index.delete(key)
    heldBytes -= held.size
  }

  const schedule = (delayMs = limits.writeDelayMs): void => {
    if (stopped) return
    timer ??= setTimeout(() => {
      timer = undefined
      void flush()
    }, delayMs)
  }

  const wait = (key: string, change: Pending): void => {
    if (stopped) return
    unwait(key)
    pending.set(key, change)
    pendingBytes += change?.bytes.length ?? 0
    // The newest are worth most: the oldest stay in memory only.
    for (const [oldest, { bytes } = { bytes: undefined }] of pending) {
      if (pendingBytes <= limits.pendingBytes) break
      if (bytes !== undefined) unwait(oldest)
    }
    if (pending.size === batchEntries) void flush()
    else schedule()
  }

  const unwait = (key: string): void => {
    pendingBytes -= pending.get(key)?.bytes.length ?? 0
    pending.delete(key)
  }

  const flush = (): Promise<void> => {
    flushing = flushing.then(write)
    return flushing
  }

  const write = async (): Promise<void> => {
    if (pending.size === 0 && litter.size === 0 && heldBytes <= budget) return
    if (!(await open())) {
      tryLater()
      return
    }
    writing = pending
    pending = new Map()
    pendingBytes = 0
    const swept = [...litter]
    const { changes, entered, left, evicted } = plan(writing, swept)
    try {
      await store.write(changes)
      for (const key of left) leave(key)
      for (const entry of entered) enter(entry)
      for (const name of swept) litter.delete(name)
      counts.evictions += evicted
      retryMs = limits.writeDelayMs
    } catch (failure) {
      counts.failures += 1
      // The browser has less room than we thought: take half of what is there, and give the rest back.
      if (isFailure(failure, 'QuotaExceeded')) budget = Math.floor(Math.min(budget, heldBytes) / 2)
      const newer = pending
      pending = new Map()
      pendingBytes = 0
      for (const [key, change] of [...writing, ...newer]) {
        unwait(key)
        pending.set(key, change)
        pendingBytes += change?.bytes.length ?? 0
      }
      tryLater()
    } finally {
      writing = new Map()
    }
  }

  const tryLater = (): void => {
    retryMs = Math.min(maxRetryMs, retryMs * 2)
    schedule(retryMs)
  }

  /** What one write does to the store, and what follows for the index. */
  const plan = (batch: ReadonlyMap<string, Pending>, swept: readonly string[]) => {
    const changes: Change[] = swept.map((key) => ({ table, key, value: undefined }))
    const entered: ColdName[] = []
    const left: string[] = []
    let bytes = heldBytes
    let entries = index.size
    const clear = (held: ColdName): void => {
      changes.push({ table, key: toColdName(held), value: undefined })
      left.push(held.key)
      bytes -= held.size
      entries -= 1
    }
    for (const [key, change] of batch) {
      const held = index.get(key)
      if (held !== undefined) clear(held)
      if (change === undefined) continue
      const record = records.encode(key, change.at, change.bytes)
      if (record === undefined || record.bytes.length > budget) continue
      const entry = { key, at: change.at, size: record.bytes.length }
      changes.push({ table, key: record.name, value: record.bytes })
      entered.push(entry)
      bytes += entry.size
      entries += 1
    }
    let evicted = 0
    for (const held of index.values()) {
      if (bytes <= budget && entries <= limits.coldEntries) break
      if (batch.has(held.key)) continue
      clear(held)
      evicted += 1
    }
    // A batch can be more than the budget on its own.
    while (entered.length > 0 && (bytes > budget || entries > limits.coldEntries)) {
      const refused = entered.shift()
      if (refused === undefined) break
      const name = toColdName(refused)
      changes.splice(
        changes.findIndex(({ key, value }) => key === name && value !== undefined),
        1,
      )
      bytes -= refused.size
      entries -= 1
      evicted += 1
    }
    return { changes, entered, left, evicted }
  }

  return {
    async read(key) {
      const waiting = pending.has(key)
        ? { change: pending.get(key) }
        : writing.has(key)
          ? { change: writing.get(key) }
          : undefined
      if (waiting !== undefined) {
        const fresh = waiting.change !== undefined && isFresh(waiting.change.at, now(), limits.coldMs)
        counts[fresh ? 'hits' : 'misses'] += 1
        return fresh ? waiting.change : undefined
      }
      const entry = (await open()) ? index.get(key) : undefined
      if (entry === undefined || !isFresh(entry.at, now(), limits.coldMs)) {
        counts.misses += 1
        if (entry !== undefined) {
          counts.expired += 1
          wait(key, undefined)
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
        // It may have been replaced meanwhile; then it is not damaged.
        if (stored !== null && index.get(key) === entry && !pending.has(key) && !writing.has(key)) {
          counts.corrupt += 1
          wait(key, undefined)
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
    put: (key, bytes, at) => wait(key, { bytes, at }),
    remove: (key) => wait(key, undefined),
    refuse(key, { corrupt }) {
      counts.hits -= 1
      counts.misses += 1
      if (corrupt) counts.corrupt += 1
      wait(key, undefined)
    },
    flush,
    async stop() {
      clearTimeout(timer)
      timer = undefined
      await flush()
      stopped = true
      clearTimeout(timer)
    },
    stats: () => ({ ...counts, entries: index.size, bytes: heldBytes, pending: pending.size + writing.size }),
  }
}
