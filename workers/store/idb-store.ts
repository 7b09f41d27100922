import { type IDBPDatabase, openDB } from 'idb'
import { Failure } from '../contract/failures.ts'
import { afterPrefix } from './key-range.ts'
import type { Store } from './store.ts'

/**
 * Timeout of opening the database (ms): another tab may keep an older version open, or the browser's database process
 * may hang.
 */
const openTimeoutMs = 10_000

export interface IdbStoreOptions {
  /** Called once if the database closes without `close`: deleted, upgraded by another tab, or closed by the browser. */
  onClosed?(reason: Failure): void
  openTimeoutMs?: number
}

/**
 * The store of one profile in IndexedDB: one database per profile, one object store per table.
 *
 * Each `write` is one transaction without other awaits, so it commits as a whole or not at all. After the database has
 * closed, every call rejects with `StorageUnavailable`; the store does not reopen it, because another tab may own the
 * profile by then.
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
  // The database may have been lost before there was a handle to close.
  if (gone !== undefined) db.close()

  const named = async <T>(work: () => Promise<T>): Promise<T> => {
    if (gone !== undefined) throw gone
    try {
      return await work()
    } catch (thrown) {
      // The connection was closed without an event, so later calls would fail too.
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
        // Awaited below; an earlier abort must not be an unhandled rejection.
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
      // Waits for open transactions.
      db.close()
    },
  }
}

/** Tables of version 1, which must never change, unlike `tableNames`. */
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
 * Step n migrates version n to version n + 1. Released steps never change: a new table or shape is a new step at the end.
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
    // A late connection is unused and would only block other tabs.
    opening.then((database) => database.close(), ignore)
    throw new Failure('StorageUnavailable', { code: blocked ? 'storage-held-by-tab' : 'storage-not-opening' })
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown
    // Firefox throws this on opening in a private window; later the same name means a closed database.
    if (thrown instanceof Error && thrown.name === 'InvalidStateError') throw notAllowed()
    throw storageFailure(thrown)
  } finally {
    clearTimeout(timer)
  }
}

/** Converts an IndexedDB error to a named failure. */
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

/** Ignores values other than bytes: a person or an extension can edit the database. */
const stored = (value: unknown): Uint8Array | undefined => (value instanceof Uint8Array ? value : undefined)

/** IndexedDB clones the whole buffer under a view, so a small view would store a large buffer. */
const withOwnBuffer = (value: Uint8Array): Uint8Array =>
  value.byteLength === value.buffer.byteLength ? value : value.slice()

const prefixRange = (prefix: string): IDBKeyRange | undefined => {
  if (prefix === '') return undefined
  const end = afterPrefix(prefix)
  return end === undefined ? IDBKeyRange.lowerBound(prefix) : IDBKeyRange.bound(prefix, end, false, true)
}

const ignore = (): void => {}

const notAllowed = (): Failure => new Failure('StorageUnavailable', { code: 'storage-refused' })

/** Some browsers remove IndexedDB, others throw on access. */
const hasIndexedDb = (): boolean => {
  try {
    return globalThis.indexedDB !== undefined
  } catch {
    return false
  }
}
