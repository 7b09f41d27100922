import type { VerifiedOtherRecord } from '../protocol/other-record.ts'
import { createBoundedKeySet } from './bounded-key-set.ts'

/**
 * The records of one publisher whose kind or version this program does not support (protocol/other-record.ts).
 *
 * Guarantees: of the records with the same kind and subject the one with the highest `seq` is kept, at equal `seq` the
 * one with the smaller hash; a record without a subject has a key of its own. Above `limit` the keys that sort last are
 * evicted. The result does not depend on the order of arrival.
 */
export interface OtherEntry {
  readonly kind: 'other'
  /** Entry id (protocol/entry.ts), hex. */
  readonly id: string
  readonly record: VerifiedOtherRecord
}

export interface OtherRecords {
  /** `changes` lists the changed keys with their new entry. */
  add(entry: OtherEntry): {
    readonly outcome: 'new' | 'known' | 'stale'
    readonly changes: readonly (readonly [key: string, entry: OtherEntry | undefined])[]
  }
  all(): IterableIterator<[key: string, entry: OtherEntry]>
  size(): number
}

export const createOtherRecords = (limit: number): OtherRecords => {
  const entryByKey = new Map<string, OtherEntry>()
  const keys = createBoundedKeySet(limit)

  return {
    add(entry) {
      const key = keyOf(entry)
      const before = entryByKey.get(key)
      if (before?.id === entry.id) return { outcome: 'known', changes: [] }
      if (before !== undefined && !isNewer(entry, before)) return { outcome: 'stale', changes: [] }
      const added = keys.add(key)
      if (added.outcome === 'refused') return { outcome: 'stale', changes: [] }
      entryByKey.set(key, entry)
      if (added.outcome === 'present' || added.evicted === undefined) return { outcome: 'new', changes: [[key, entry]] }
      entryByKey.delete(added.evicted)
      return {
        outcome: 'new',
        changes: [
          [added.evicted, undefined],
          [key, entry],
        ],
      }
    },
    all: () => entryByKey.entries(),
    size: () => entryByKey.size,
  }
}

/** Unambiguous: no kind contains a slash and no subject is empty. */
const keyOf = ({ id, record: { record } }: OtherEntry): string => `${record.kind}/${record.subject ?? `/${id}`}`

const isNewer = (a: OtherEntry, b: OtherEntry): boolean =>
  a.record.record.seq === b.record.record.seq ? a.id < b.id : a.record.record.seq > b.record.record.seq
