import * as v from 'valibot'
import { createCodec } from '../protocol/codec.ts'
import { packageIdField, seq, slug, timestamp, version } from '../protocol/fields.ts'
import type { PackageId } from '../protocol/ids.ts'
import type { Change, Store } from '../store/store.ts'
import { createStoredRecords } from './stored-records.ts'

/**
 * Own publications that still have to go out, one a package: its newest head is what has to be told. The publisher
 * writes them together with what they tell of, so that neither is ever stored without the other.
 */
export interface OutboxEntry {
  readonly v: 1
  readonly id: PackageId
  readonly slug: string
  readonly version: string
  /** Of the head that has to go out. */
  readonly seq: number
  readonly publishedAt: number
  readonly reason: 'publish' | 'yank'
}

export interface Outbox {
  load(): Promise<{ dropped: number }>
  get(id: string): OutboxEntry | undefined
  /** Oldest first. */
  list(): readonly OutboxEntry[]
  /** Takes a package off the list, unless something newer than `seq` was published since; tells whether it did. */
  markSent(id: string, seq: number): Promise<boolean>
  /** For the publisher: the change that adds an entry, and the note that it was made. */
  toChange(entry: OutboxEntry): Change
  note(entry: OutboxEntry): void
}

export const createOutbox = ({ store }: { readonly store: Store }): Outbox => {
  const records = createStoredRecords(store, { table: 'outbox', codec: outboxCodec, keyOf: ({ id }) => id })
  return {
    load: records.load,
    get: records.get,
    list: () => [...records.list()].sort((a, b) => a.publishedAt - b.publishedAt),
    async markSent(id, sentSeq) {
      const entry = records.get(id)
      return entry !== undefined && entry.seq <= sentSeq ? records.remove(id) : false
    },
    toChange: records.toChange,
    note: records.note,
  }
}

const outboxCodec = createCodec<OutboxEntry>({
  name: 'publication to be sent',
  version: 1,
  maxBytes: 1024,
  schema: v.strictObject({
    v: v.literal(1),
    id: packageIdField,
    slug,
    version,
    seq,
    publishedAt: timestamp,
    reason: v.picklist(['publish', 'yank']),
  }),
})
