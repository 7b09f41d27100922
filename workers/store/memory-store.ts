import { Failure } from '../contract/failures.ts'
import { type Store, type TableName, tableNames } from './store.ts'

/** Default quota (bytes), far below the 2 to 4 GB at which browsers kill a tab. */
const defaultQuotaBytes = 512 * 1024 * 1024

export interface MemoryStoreOptions {
  /** Limit on the stored values (bytes). */
  quotaBytes?: number
}

/**
 * A store in memory, for browsers that refuse IndexedDB and for tests.
 *
 * Holds copies: changing written or read bytes does not change the stored ones.
 */
export const createMemoryStore = ({ quotaBytes = defaultQuotaBytes }: MemoryStoreOptions = {}): Store => {
  const tables = new Map<string, Map<string, Uint8Array>>(tableNames.map((name) => [name, new Map()]))
  let heldBytes = 0
  let closed = false

  const tableOf = (name: TableName): Map<string, Uint8Array> => {
    if (closed) throw new Failure('StorageUnavailable', { code: 'storage-closed' })
    const table = tables.get(name)
    if (table === undefined) throw new Failure('StorageUnavailable', { code: 'storage-table-missing', table: name })
    return table
  }
  const keysOf = (name: TableName, prefix: string): string[] =>
    [...tableOf(name).keys()].filter((key) => key.startsWith(prefix)).sort()

  return {
    persistent: false,

    async get(table, key) {
      return tableOf(table).get(key)?.slice()
    },
    async getMany(table, keys) {
      const held = tableOf(table)
      return keys.map((key) => held.get(key)?.slice())
    },
    async keys(table, prefix = '') {
      return keysOf(table, prefix)
    },
    async entries(table, prefix = '') {
      const held = tableOf(table)
      return keysOf(table, prefix).map((key) => [key, copy(held.get(key) ?? new Uint8Array())])
    },

    async write(changes) {
      if (closed) throw new Failure('StorageUnavailable', { code: 'storage-closed' })
      // Do everything that can fail first, then apply the changes atomically.
      const prepared = changes.map((change) => ({
        table: tableOf(change.table),
        key: change.key,
        value: change.value === undefined ? undefined : copy(change.value),
      }))
      const lengths = new Map<Map<string, Uint8Array>, Map<string, number>>()
      let bytes = heldBytes
      for (const { table, key, value } of prepared) {
        const lengthByKey = lengths.get(table) ?? new Map<string, number>()
        lengths.set(table, lengthByKey)
        bytes += (value?.length ?? 0) - (lengthByKey.get(key) ?? table.get(key)?.length ?? 0)
        lengthByKey.set(key, value?.length ?? 0)
      }
      if (bytes > quotaBytes && bytes > heldBytes) {
        throw new Failure('QuotaExceeded', { code: 'memory-full', limit: quotaBytes })
      }
      for (const { table, key, value } of prepared) {
        if (value === undefined) table.delete(key)
        else table.set(key, value)
      }
      heldBytes = bytes
    },

    async close() {
      closed = true
      tables.clear()
    },
  }
}

const copy = (value: Uint8Array): Uint8Array => {
  try {
    return value.slice()
  } catch {
    throw new Failure('StorageUnavailable', { code: 'buffer-transferred' })
  }
}
