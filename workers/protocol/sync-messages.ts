import * as v from 'valibot'
import { createCodec } from './codec.ts'
import { type Entry, entrySchema } from './entry.ts'
import { hash, integer, shortList } from './fields.ts'
import { MAX_SYNC_ENTRIES, MAX_SYNC_IDS, SYNC_MESSAGE_MAX_BYTES } from './limits.ts'
import { wireVersions } from './version.ts'

/**
 * Messages of the catalogue exchange over `/ggen/sync/1.0.0`, one a frame. Both sides say hello; where the
 * fingerprints differ they name what they have, ask for what they lack, and send it. A list that does not fit into one
 * message goes on in the next; the last part says so.
 */
export type SyncMessage =
  /** How many entries the catalogue has, and a digest over their ids. */
  | { readonly v: 1; readonly type: 'hello'; readonly count: number; readonly fingerprint: Uint8Array }
  | { readonly v: 1; readonly type: 'have'; readonly ids: readonly Uint8Array[]; readonly last: boolean }
  | { readonly v: 1; readonly type: 'want'; readonly ids: readonly Uint8Array[]; readonly last: boolean }
  /** At most `SYNC_BATCH_BYTES` of entries and `MAX_SYNC_ENTRIES` of them. */
  | { readonly v: 1; readonly type: 'entries'; readonly entries: readonly Entry[]; readonly last: boolean }

const idList = shortList(hash, 0, MAX_SYNC_IDS)
const last = v.boolean('yes or no is expected')
const wireVersion = v.literal(wireVersions.syncMessage, 'another version is expected')

export const syncMessageCodec = createCodec<SyncMessage>({
  name: 'sync message',
  version: wireVersions.syncMessage,
  maxBytes: SYNC_MESSAGE_MAX_BYTES,
  schema: v.variant(
    'type',
    [
      v.strictObject({ v: wireVersion, type: v.literal('hello'), count: integer(0), fingerprint: hash }),
      v.strictObject({ v: wireVersion, type: v.literal('have'), ids: idList, last }),
      v.strictObject({ v: wireVersion, type: v.literal('want'), ids: idList, last }),
      v.strictObject({
        v: wireVersion,
        type: v.literal('entries'),
        entries: shortList(entrySchema, 0, MAX_SYNC_ENTRIES),
        last,
      }),
    ],
    'a kind of message is expected',
  ),
})
