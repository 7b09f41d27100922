import { type IDBPDatabase, openDB } from 'idb'
import { Failure } from '../contract/failures.ts'
import { afterPrefix } from './key-range.ts'
import type { Store } from './store.ts'

/**
 * An open that neither succeeds nor fails by then is given up, ms: another tab holds an older version open and does
 * not let go, or the browser's database process hangs.
 */
const openTimeoutMs = 10_000

export interface IdbStoreOptions {
  /** Told once when the database goes away without `close`: deleted, upgraded by another tab, or ended by the browser. */
  onClosed?(reason: Failure): void
  openTimeoutMs?: number
}

/**
 * The store of one profile in IndexedDB: one database a profile, one object store a table.
 *
 * Each `write` is one transaction, and nothing foreign is awaited inside of it, so it commits whole or not at all.
 * When the database goes away under it, every later call rejects with `StorageUnavailable`; it does not reopen by
 * itself, because another tab may own the profile by then.
 * @throws Failure `StorageUnavailable` (or `QuotaExceeded`) when the database cannot be opened.
 */
export const openIdbStore = async (name: string, options: IdbStoreOptions = {}): Promise<Store> => {
  let gone: Failure | undefined
  let database: IDBPDatabase | undefined
  const lose = (code: Loss): void => {
    if (gone !== undefined) return
    gone = new Failure('StorageUnavailable', { code })
    database?.close()
    options.onClosed?.(gone)
  }

  const opening = openWithin(options.openTimeoutMs ?? openTimeoutMs, name, {
    deletedOrUpgraded: (newVersion) => lose(newVersion === null ? 'storage-deleted' : 'storage-upgraded'),
    terminated: () => lose('storage-ended-by-browser'),
  })
  const db = await opening
  database = db
  // It can have gone away between its opening and here, when there was nothing to close yet.
  if (gone !== undefined) db.close()

  const named = async <T>(work: () => Promise<T>): Promise<T> => {
    if (gone !== undefined) throw gone
    try {
      return await work()
    } catch (thrown) {
      // So it says when its connection was closed and nobody told: no later call can do better.
      if (thrown instanceof Error && thrown.name === 'InvalidStateError') lose('storage-ended-by-browser')
      throw gone ?? storageFailure(thrown)
    }
  }

  return {
    persistent: true,

    get: (table, key) => named(async () => stored(await db.get(table, key))),

    getMany: (table, keys) =>
      named(async () => {
        if (keys.length === 0) return []
        const held = db.transaction(table).store
        return (await Promise.all(keys.map((key) => held.get(key)))).map(stored)
      }),

    keys: (table, prefix = '') => named(async () => (await db.getAllKeys(table, prefixRange(prefix))).map(String)),

    entries: (table, prefix = '') =>
      named(async () => {
        const range = prefixRange(prefix)
        const held = db.transaction(table).store
        const [keys, values] = await Promise.all([held.getAllKeys(range), held.getAll(range)])
        return keys.flatMap((key, index) => {
          const value = stored(values[index])
          return value === undefined ? [] : [[String(key), value] as [string, Uint8Array]]
        })
      }),

    write: (changes, { durability = 'relaxed' } = {}) =>
      named(async () => {
        if (changes.length === 0) return
        const tables = [...new Set(changes.map(({ table }) => table))]
        const transaction = db.transaction(tables, 'readwrite', { durability })
        // Its outcome is awaited below; an abort before that must not count as unhandled.
        const done = transaction.done
        done.catch(ignore)
        try {
          for (const { table, key, value } of changes) {
            const held = transaction.objectStore(table)
            const request = value === undefined ? held.delete(key) : held.put(withOwnBuffer(value), key)
            request.catch(ignore)
          }
        } catch (thrown) {
          transaction.abort()
          throw thrown
        }
        await done
      }),

    async close() {
      if (gone !== undefined) return
      gone = new Failure('StorageUnavailable', { code: 'storage-closed' })
      // Waits for the transactions that were begun.
      db.close()
    },
  }
}

/** Written out rather than taken from `tableNames`, which may grow: what version 1 is must never change. */
const firstTables = [
  'keys',
  'settings',
  'identities',
  'heads',
  'releases',
  'pages',
  'manifests',
  'pieces',
  'library',
  'transfers',
  'outbox',
  'peers',
]

/**
 * Step n makes version n + 1 out of version n. Steps that were released never change: a new table or another shape is a
 * new step at the end.
 */
const upgrades: readonly ((database: IDBPDatabase) => void)[] = [
  (database) => {
    for (const table of firstTables) database.createObjectStore(table)
  },
  (database) => {
    database.createObjectStore('cache')
  },
  (database) => {
    database.createObjectStore('records')
  },
]

interface Losses {
  deletedOrUpgraded(newVersion: number | null): void
  terminated(): void
}

const openWithin = async (timeoutMs: number, name: string, losses: Losses): Promise<IDBPDatabase> => {
  let blocked = false
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const opening = openDB(name, upgrades.length, {
      upgrade(database, oldVersion) {
        for (const step of upgrades.slice(oldVersion)) step(database)
      },
      blocked: () => {
        blocked = true
      },
      blocking: (_current, newVersion) => losses.deletedOrUpgraded(newVersion),
      terminated: () => losses.terminated(),
    })
    const timeout = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs)
    })
    const first = await Promise.race([opening, timeout])
    if (first !== 'late') return first
    // If it opens after all, nobody uses it: an open connection would only be in the way of others.
    opening.then((database) => database.close(), ignore)
    throw new Failure('StorageUnavailable', { code: blocked ? 'storage-held-by-tab' : 'storage-not-opening' })
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown
    // Firefox says so when it is opened in a private window; later the same name means that the database was closed.
    if (thrown instanceof Error && thrown.name === 'InvalidStateError') throw notAllowed()
    throw storageFailure(thrown)
  } finally {
    clearTimeout(timer)
  }
}

/** A named failure for what IndexedDB threw. */
const storageFailure = (thrown: unknown): Failure => {
  const { name, message } = thrown instanceof Error ? thrown : { name: '', message: String(thrown) }
  if (name === 'QuotaExceededError') {
    return new Failure('QuotaExceeded', { code: 'disk-full' })
  }
  if (name === 'VersionError') {
    return new Failure('StorageUnavailable', { code: 'storage-newer' })
  }
  if (name === 'SecurityError' || !hasIndexedDb()) {
    return notAllowed()
  }
  return new Failure('StorageUnavailable', { code: 'storage-failed', detail: message || name })
}

/** Why the database went away without `close`. */
type Loss = 'storage-deleted' | 'storage-upgraded' | 'storage-ended-by-browser'

/** Anything but bytes was not written by us: a person or an extension can edit the database. */
const stored = (value: unknown): Uint8Array | undefined => (value instanceof Uint8Array ? value : undefined)

/** IndexedDB clones the whole buffer under a view: a small view of a large buffer would store all of it. */
const withOwnBuffer = (value: Uint8Array): Uint8Array =>
  value.byteLength === value.buffer.byteLength ? value : value.slice()

const prefixRange = (prefix: string): IDBKeyRange | undefined => {
  if (prefix === '') return undefined
  const end = afterPrefix(prefix)
  return end === undefined ? IDBKeyRange.lowerBound(prefix) : IDBKeyRange.bound(prefix, end, false, true)
}

const ignore = (): void => {}

const notAllowed = (): Failure => new Failure('StorageUnavailable', { code: 'storage-refused' })

/** Some browsers take it away, others throw where it is looked at. */
const hasIndexedDb = (): boolean => {
  try {
    return globalThis.indexedDB !== undefined
  } catch {
    return false
  }
}
