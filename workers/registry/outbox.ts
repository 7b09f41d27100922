import * as v from 'valibot'
import { createCodec } from '../protocol/codec.ts'
import { packageIdField, publisherId, seq, slug, timestamp, version } from '../protocol/fields.ts'
import type { PackageId, PublisherId } from '../protocol/ids.ts'
import type { Change, Store } from '../store/store.ts'
import { createStoredRecords } from './stored-records.ts'

/**
 * Our own changes that are not yet published. Each is stored in one write with its records, so that neither is ever
 * stored without the other.
 */
export type OutboxEntry = PublicationEntry | IdentityEntry

/** The newest head of a package; one entry per package. */
export interface PublicationEntry {
  readonly v: 1
  readonly id: PackageId
  readonly slug: string
  readonly version: string
  /** Sequence number of the head to publish. */
  readonly seq: number
  readonly publishedAt: number
  readonly reason: 'publish' | 'yank'
}

/** The newest state of our own identity; at most one entry. */
export interface IdentityEntry {
  readonly v: 1
  readonly kind: 'identity'
  readonly publisher: PublisherId
  /** Sequence number of the identity document to publish. */
  readonly seq: number
  readonly changedAt: number
}

export interface Outbox {
  load(): Promise<{ dropped: number }>
  get(id: string): PublicationEntry | undefined
  /** Publications, oldest first. */
  list(): readonly PublicationEntry[]
  /** Removes a package unless a head newer than `seq` waits. Returns whether it did. */
  markSent(id: string, seq: number): Promise<boolean>
  identityChange(): IdentityEntry | undefined
  /** Does the same for the change of the identity. */
  markIdentitySent(seq: number): Promise<boolean>
  /** The change that stores an entry, for a write together with its records; call `note` after that write. */
  toChange(entry: OutboxEntry): Change
  note(entry: OutboxEntry): void
}

export const createOutbox = ({ store }: { readonly store: Store }): Outbox => {
  // Rows of kinds that a later version wrote do not decode. They stay on the disk.
  const records = createStoredRecords(store, {
    table: 'outbox',
    codec: outboxCodec,
    keyOf: (entry) => (isPublication(entry) ? entry.id : identityKey),
  })
  const publication = (id: string): PublicationEntry | undefined => {
    const entry = records.get(id)
    return entry !== undefined && isPublication(entry) ? entry : undefined
  }
  const identityChange = (): IdentityEntry | undefined => {
    const entry = records.get(identityKey)
    return entry === undefined || isPublication(entry) ? undefined : entry
  }
  const markSent = async (key: string, sentSeq: number): Promise<boolean> => {
    const entry = records.get(key)
    return entry !== undefined && entry.seq <= sentSeq ? records.remove(key) : false
  }
  return {
    load: records.load,
    get: publication,
    list: () =>
      records
        .list()
        .filter(isPublication)
        .sort((a, b) => a.publishedAt - b.publishedAt),
    markSent,
    identityChange,
    markIdentitySent: (seq) => markSent(identityKey, seq),
    toChange: records.toChange,
    note: records.note,
  }
}

/** Row of the identity entry. Package ids contain a slash, so none equals it. */
const identityKey = 'identity'

const isPublication = (entry: OutboxEntry): entry is PublicationEntry => !('kind' in entry)

const outboxCodec = createCodec<OutboxEntry>({
  name: 'entry to be sent',
  version: 1,
  maxBytes: 1024,
  schema: v.union([
    // Publications have no kind: they were once the only entries.
    v.strictObject({
      v: v.literal(1),
      id: packageIdField,
      slug,
      version,
      seq,
      publishedAt: timestamp,
      reason: v.picklist(['publish', 'yank']),
    }),
    v.strictObject({ v: v.literal(1), kind: v.literal('identity'), publisher: publisherId, seq, changedAt: timestamp }),
  ]),
})
