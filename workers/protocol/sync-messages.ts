import * as v from 'valibot'
import { createCodec } from './codec.ts'
import { type Entry, entrySchema } from './entry.ts'
import { bytes, integer, openRecord, shortList, token } from './fields.ts'
import {
  DEFLATED_BATCH_MAX_BYTES,
  ENTRY_BATCH_MAX_BYTES,
  HASH_BYTES,
  MAX_SYNC_ENTRIES,
  MAX_SYNC_LIST,
  MAX_SYNC_RANGES,
  MAX_SYNC_WANTS,
  SYNC_FINGERPRINT_BYTES,
  SYNC_MESSAGE_MAX_BYTES,
  SYNC_MESSAGE_MAX_ITEMS,
  SYNC_PREFIX_BYTES,
} from './limits.ts'
import { wireVersions } from './version.ts'

/**
 * Messages of catalogue sync over `/ggen/sync/1.0.0`, one per frame. docs/protocol.md defines their order.
 *
 * Entry ids are numbers of 256 bits. The `ranges` of one round are in ascending order: the first range begins at zero,
 * each one begins at the end of the previous, and ids after the last are skipped.
 */
export type SyncMessage =
  /** Number of entries in the catalogue, and the fingerprint of all. */
  | {
      readonly v: 2
      readonly type: 'hello'
      readonly count: number
      readonly fingerprint: Uint8Array
      /** The initiator's span as W3C `traceparent`. Anything else in it is ignored. */
      readonly trace?: unknown
    }
  /** Answers a hello that equals our own. */
  | { readonly v: 2; readonly type: 'equal' }
  /** `want`: the concatenated prefixes (`SYNC_PREFIX_BYTES`) of the requested ids. */
  | {
      readonly v: 2
      readonly type: 'ranges'
      readonly ranges: readonly SyncRange[]
      readonly want: Uint8Array
      readonly last: boolean
    }
  /** An encoded and compressed batch of entries (deflate, RFC 1951). An empty one has `size` 0 and `last`. */
  | {
      readonly v: 2
      readonly type: 'entries'
      /** Size of the decompressed batch (bytes). */
      readonly size: number
      readonly deflated: Uint8Array
      readonly last: boolean
    }
  /** A batch was ingested, so one more may be sent. */
  | { readonly v: 2; readonly type: 'more' }

export const rangeKind = {
  /** No content: the range is equal or settled. */
  skip: 0,
  /** The fingerprint of the ids in the range. */
  fingerprint: 1,
  /** The concatenated prefixes (`SYNC_PREFIX_BYTES`) of all ids in the range. */
  list: 2,
} as const

export type RangeKind = (typeof rangeKind)[keyof typeof rangeKind]

/** `upper` is the exclusive upper bound; trailing zeros are optional, and an empty bound means no end. */
export type SyncRange = readonly [upper: Uint8Array, kind: RangeKind, content: Uint8Array]

const empty = bytes(0, 0)
const upper = bytes(0, HASH_BYTES)
const fingerprint = bytes(SYNC_FINGERPRINT_BYTES, SYNC_FINGERPRINT_BYTES)
const prefixList = (max: number) =>
  v.pipe(
    bytes(0, max * SYNC_PREFIX_BYTES),
    v.check((list) => list.length % SYNC_PREFIX_BYTES === 0, 'whole ids are expected'),
  )

const range = v.union(
  [
    v.strictTuple([upper, v.literal(rangeKind.skip), empty]),
    v.strictTuple([upper, v.literal(rangeKind.fingerprint), fingerprint]),
    v.strictTuple([upper, v.literal(rangeKind.list), prefixList(MAX_SYNC_LIST)]),
  ],
  'a range is expected',
)

const last = v.boolean('yes or no is expected')
const wireVersion = v.literal(wireVersions.syncMessage, 'another version is expected')

export const syncMessageCodec = createCodec<SyncMessage>({
  name: 'sync message',
  version: wireVersions.syncMessage,
  maxBytes: SYNC_MESSAGE_MAX_BYTES,
  maxItems: SYNC_MESSAGE_MAX_ITEMS,
  schema: v.variant(
    'type',
    [
      openRecord({
        v: wireVersion,
        type: v.literal('hello'),
        count: integer(0),
        fingerprint,
        trace: v.exactOptional(v.unknown()),
      }),
      openRecord({ v: wireVersion, type: v.literal('equal') }),
      openRecord({
        v: wireVersion,
        type: v.literal('ranges'),
        ranges: shortList(range, 0, MAX_SYNC_RANGES),
        want: prefixList(MAX_SYNC_WANTS),
        last,
      }),
      openRecord({
        v: wireVersion,
        type: v.literal('entries'),
        size: integer(0, ENTRY_BATCH_MAX_BYTES),
        deflated: bytes(0, DEFLATED_BATCH_MAX_BYTES),
        last,
      }),
      openRecord({ v: wireVersion, type: v.literal('more') }),
    ],
    'a kind of message is expected',
  ),
})

const supportedTypes: readonly string[] = [
  'hello',
  'equal',
  'ranges',
  'entries',
  'more',
] satisfies SyncMessage['type'][]

const otherSyncMessageCodec = createCodec({
  name: 'sync message',
  version: wireVersions.syncMessage,
  maxBytes: SYNC_MESSAGE_MAX_BYTES,
  maxItems: SYNC_MESSAGE_MAX_ITEMS,
  schema: openRecord({ v: wireVersion, type: token }),
})

/** Returns whether a message is of an unknown type, which the receiver skips. Total. */
export const isOtherSyncMessage = (message: Uint8Array): boolean => {
  const read = otherSyncMessageCodec.decode(message)
  return read.ok && !supportedTypes.includes(read.value.type)
}

/** The decompressed contents of `deflated`. */
export interface EntryBatch {
  readonly v: 1
  readonly entries: readonly Entry[]
}

export const entryBatchCodec = createCodec<EntryBatch>({
  name: 'batch of entries',
  version: wireVersions.entryBatch,
  maxBytes: ENTRY_BATCH_MAX_BYTES,
  schema: openRecord({
    v: v.literal(wireVersions.entryBatch, 'another version is expected'),
    entries: shortList(entrySchema, 1, MAX_SYNC_ENTRIES),
  }),
})
