import type { Entry } from '../protocol/entry.ts'
import { fromHex } from '../protocol/ids.ts'
import type { Change, TableName } from '../store/store.ts'

/**
 * The records that the catalogue keeps, each in the row of the store where it belongs. It remembers which rows differ
 * from what is stored, so that a write that failed is made good by the next one.
 */

export interface KeptRecord {
  /** As peers exchange it. */
  readonly kind: string
  /** The entry's id (protocol/entry.ts), hex. */
  readonly id: string
  readonly bytes: Uint8Array
  /** False for what is kept for this profile only and not told to peers. */
  readonly shared: boolean
}

export type RecordTable = Extract<TableName, 'identities' | 'heads' | 'releases' | 'pages' | 'records'>

/** `id` is hex. Called within each change, so it only takes note. */
export type IdWatcher = (id: string, isShared: boolean) => void

export interface RecordStore {
  put(table: RecordTable, key: string, record: KeptRecord): void
  remove(table: RecordTable, key: string): void
  /** Tells whether there is a record in this row. */
  holds(table: RecordTable, key: string): boolean
  /** Ids of all shared records; the same array until something changes. */
  ids(): readonly Uint8Array[]
  /** Tells of all shared records at once, then of each that comes or goes; what is returned ends it. */
  watchIds(watcher: IdWatcher): () => void
  entry(id: string): Entry | undefined
  /** Rows that differ from what is stored. They count as stored from now on; `unsaved` takes that back. */
  takeUnsaved(): Change[]
  unsaved(changes: readonly Change[]): void
  /** Tells that these rows are stored already. */
  saved(changes: readonly Change[]): void
}

export const createRecordStore = (): RecordStore => {
  const tables: Record<RecordTable, Map<string, KeptRecord>> = {
    identities: new Map(),
    heads: new Map(),
    releases: new Map(),
    pages: new Map(),
    records: new Map(),
  }
  const recordById = new Map<string, KeptRecord>()
  const dirty: Record<RecordTable, Set<string>> = {
    identities: new Set(),
    heads: new Set(),
    releases: new Set(),
    pages: new Set(),
    records: new Set(),
  }
  let idCache: readonly Uint8Array[] | undefined

  const watchers = new Set<IdWatcher>()

  const tell = (id: string, isShared: boolean): void => {
    for (const watcher of watchers) watcher(id, isShared)
  }

  const forget = (record: KeptRecord | undefined): void => {
    if (record === undefined || recordById.get(record.id) !== record) return
    recordById.delete(record.id)
    if (record.shared) tell(record.id, false)
  }

  return {
    put(table, key, record) {
      const before = tables[table].get(key)
      if (before !== undefined && before.id === record.id && before.shared === record.shared) return
      forget(before)
      // An object of its own for each row: a record may stand in two while it moves.
      const shelved = { ...record }
      tables[table].set(key, shelved)
      const wasShared = recordById.get(record.id)?.shared ?? false
      recordById.set(record.id, shelved)
      if (wasShared !== record.shared) tell(record.id, record.shared)
      if (before?.id !== record.id) dirty[table].add(key)
      idCache = undefined
    },

    remove(table, key) {
      const before = tables[table].get(key)
      if (before === undefined) return
      forget(before)
      tables[table].delete(key)
      dirty[table].add(key)
      idCache = undefined
    },

    holds: (table, key) => tables[table].has(key),

    ids() {
      idCache ??= [...recordById.values()].filter(({ shared }) => shared).flatMap(({ id }) => toBytes(id))
      return idCache
    },

    watchIds(watcher) {
      for (const { id, shared } of recordById.values()) if (shared) watcher(id, true)
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },

    entry(id) {
      const record = recordById.get(id)
      return record === undefined ? undefined : { kind: record.kind, bytes: record.bytes }
    },

    takeUnsaved() {
      const changes: Change[] = []
      for (const table of recordTables) {
        for (const key of dirty[table]) changes.push({ table, key, value: tables[table].get(key)?.bytes })
        dirty[table].clear()
      }
      return changes
    },

    unsaved(changes) {
      for (const { table, key } of changes) if (isShelfTable(table)) dirty[table].add(key)
    },

    saved(changes) {
      for (const { table, key, value } of changes) {
        if (isShelfTable(table) && tables[table].get(key)?.bytes === value) dirty[table].delete(key)
      }
    },
  }
}

/** In the order in which records can be judged: identities before what they sign, heads before the pages they name. */
export const recordTables = [
  'identities',
  'heads',
  'pages',
  'releases',
  'records',
] as const satisfies readonly RecordTable[]

const isShelfTable = (table: TableName): table is RecordTable => (recordTables as readonly string[]).includes(table)

const toBytes = (id: string): Uint8Array[] => {
  const bytes = fromHex(id)
  return bytes.ok ? [bytes.value] : []
}
