import type { VerifiedOtherRecord } from '../protocol/other-record.ts'
import { createBoundedKeySet } from './bounded-key-set.ts'

/**
 * The records of one publisher whose kind or version this program does not know (protocol/other-record.ts).
 *
 * Guarantees: of the records of one kind and subject the one with the highest `seq` is kept, of two with one `seq` the
 * one with the smaller hash; a record without a subject stands for itself. Of more than `limit` slots those that sort
 * last go. What is kept depends on the records only, not on the order in which they came.
 */
export interface OtherEntry {
  readonly kind: 'other'
  /** Of the entry (protocol/entry.ts), hex. */
  readonly id: string
  readonly record: VerifiedOtherRecord
}

export interface OtherRecords {
  /** `changes`: slots and what they hold now. */
  add(entry: OtherEntry): {
    readonly outcome: 'new' | 'known' | 'stale'
    readonly changes: readonly (readonly [slot: string, entry: OtherEntry | undefined])[]
  }
  all(): IterableIterator<[slot: string, entry: OtherEntry]>
  size(): number
}

export const createOtherRecords = (limit: number): OtherRecords => {
  const entryBySlot = new Map<string, OtherEntry>()
  const slots = createBoundedKeySet(limit)

  return {
    add(entry) {
      const slot = slotOf(entry)
      const before = entryBySlot.get(slot)
      if (before?.id === entry.id) return { outcome: 'known', changes: [] }
      if (before !== undefined && !isNewer(entry, before)) return { outcome: 'stale', changes: [] }
      const added = slots.add(slot)
      if (added.outcome === 'refused') return { outcome: 'stale', changes: [] }
      entryBySlot.set(slot, entry)
      if (added.outcome === 'known' || added.evicted === undefined) return { outcome: 'new', changes: [[slot, entry]] }
      entryBySlot.delete(added.evicted)
      return {
        outcome: 'new',
        changes: [
          [added.evicted, undefined],
          [slot, entry],
        ],
      }
    },
    all: () => entryBySlot.entries(),
    size: () => entryBySlot.size,
  }
}

/** No kind holds a slash, and no subject is empty. */
const slotOf = ({ id, record: { record } }: OtherEntry): string => `${record.kind}/${record.subject ?? `/${id}`}`

const isNewer = (a: OtherEntry, b: OtherEntry): boolean =>
  a.record.record.seq === b.record.record.seq ? a.id < b.id : a.record.record.seq > b.record.record.seq
