import type { Entry } from '../protocol/entry.ts'
import { fromHex } from '../protocol/ids.ts'
import type { Change, TableName } from '../store/store.ts'

/**
 * The catalogue's records, each in its row of the store. Tracks the rows that differ from the disk, so that the next
 * write makes up for a failed one.
 */

export interface RecordRow {
  /** The entry kind of the sync protocol. */
  readonly kind: string
  /** The entry's id (protocol/entry.ts), hex. */
  readonly id: string
  readonly bytes: Uint8Array
  /** False for a record kept only for this profile, not shared with peers. */
  readonly shared: boolean
}

export type RecordTable = Extract<TableName, 'identities' | 'heads' | 'releases' | 'pages' | 'records'>

/** Runs inside each change, so it must be fast. `id` is hex. */
export type IdWatcher = (id: string, isShared: boolean) => void

export interface RecordStore {
  put(table: RecordTable, key: string, record: RecordRow): void
  remove(table: RecordTable, key: string): void
  /** Returns whether this row has a record. */
  holds(table: RecordTable, key: string): boolean
  /** Ids of all shared records; the same array until something changes. */
  ids(): readonly Uint8Array[]
  /** Reports all shared records at once, then each addition and removal. Returns a function that stops it. */
  watchIds(watcher: IdWatcher): () => void
  entry(id: string): Entry | undefined
  /** Returns the rows that differ from the disk and marks them as stored; `markUnsaved` reverts that. */
  takeUnsaved(): Change[]
  markUnsaved(changes: readonly Change[]): void
  /** Marks rows that are stored already. */
  markSaved(changes: readonly Change[]): void
}

export const createRecordStore = (): RecordStore => {
  const tables: Record<RecordTable, Map<string, RecordRow>> = {
    identities: new Map(),
    heads: new Map(),
    releases: new Map(),
    pages: new Map(),
    records: new Map(),
  }
  const recordById = new Map<string, RecordRow>()
  const dirty: Record<RecordTable, Set<string>> = {
    identities: new Set(),
    heads: new Set(),
    releases: new Set(),
    pages: new Set(),
    records: new Set(),
  }
  let idCache: readonly Uint8Array[] | undefined

  const watchers = new Set<IdWatcher>()

  const notify = (id: string, isShared: boolean): void => {
    for (const watcher of watchers) watcher(id, isShared)
  }

  const removeFromIndex = (record: RecordRow | undefined): void => {
    if (record === undefined || recordById.get(record.id) !== record) return
    recordById.delete(record.id)
    if (record.shared) notify(record.id, false)
  }

  return {
    put(table, key, record) {
      const before = tables[table].get(key)
      if (before !== undefined && before.id === record.id && before.shared === record.shared) return
      removeFromIndex(before)
      // One object per row: a record may be in two rows while it moves.
      const row = { ...record }
      tables[table].set(key, row)
      const wasShared = recordById.get(record.id)?.shared ?? false
      recordById.set(record.id, row)
      if (wasShared !== record.shared) notify(record.id, record.shared)
      if (before?.id !== record.id) dirty[table].add(key)
      idCache = undefined
    },

    remove(table, key) {
      const before = tables[table].get(key)
      if (before === undefined) return
      removeFromIndex(before)
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

    markUnsaved(changes) {
      for (const { table, key } of changes) if (isRecordTable(table)) dirty[table].add(key)
    },

    markSaved(changes) {
      for (const { table, key, value } of changes) {
        if (isRecordTable(table) && tables[table].get(key)?.bytes === value) dirty[table].delete(key)
      }
    },
  }
}

/** In verification order: identities before the records they sign, heads before the pages they name. */
export const recordTables = [
  'identities',
  'heads',
  'pages',
  'releases',
  'records',
] as const satisfies readonly RecordTable[]

const isRecordTable = (table: TableName): table is RecordTable => (recordTables as readonly string[]).includes(table)

const toBytes = (id: string): Uint8Array[] => {
  const bytes = fromHex(id)
  return bytes.ok ? [bytes.value] : []
}
