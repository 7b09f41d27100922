import * as v from 'valibot'
import type { Crypto } from './crypto.ts'
import { peek } from './envelope.ts'
import { bytes, openRecord, token } from './fields.ts'
import {
  HEAD_MAX_BYTES,
  IDENTITY_CHAIN_MAX_BYTES,
  OTHER_RECORD_MAX_BYTES,
  PAGE_MAX_BYTES,
  RELEASE_MAX_BYTES,
} from './limits.ts'

/** One unit of the catalogue, as peers exchange it. `bytes` is unverified until the registry has looked at it. */

/** Kinds that this version understands. */
export type EntryKind = 'identity' | 'head' | 'release' | 'page'

export interface Entry {
  /** An `EntryKind`, or a kind of a later version, which is carried and not understood (`other-record.ts`). */
  readonly kind: string
  /** An identity chain, a signed head, a signed release, a head page; a signed record where the kind is unknown. */
  readonly bytes: Uint8Array
}

export const entryMaxBytes: Readonly<Record<EntryKind, number>> = {
  identity: IDENTITY_CHAIN_MAX_BYTES,
  head: HEAD_MAX_BYTES,
  release: RELEASE_MAX_BYTES,
  page: PAGE_MAX_BYTES,
}

export const isEntryKind = (kind: string): kind is EntryKind => Object.hasOwn(entryMaxBytes, kind)

/** Most bytes of an entry of this kind. */
export const maxBytesOf = (kind: string): number => (isEntryKind(kind) ? entryMaxBytes[kind] : OTHER_RECORD_MAX_BYTES)

const known = v.variant(
  'kind',
  [
    openRecord({ kind: v.literal('identity'), bytes: bytes(1, entryMaxBytes.identity) }),
    openRecord({ kind: v.literal('head'), bytes: bytes(1, entryMaxBytes.head) }),
    openRecord({ kind: v.literal('release'), bytes: bytes(1, entryMaxBytes.release) }),
    openRecord({ kind: v.literal('page'), bytes: bytes(1, entryMaxBytes.page) }),
  ],
  'a kind of entry is expected',
)

const other = openRecord({
  kind: v.pipe(
    token,
    v.check((kind) => !isEntryKind(kind), 'an entry of a known kind must have its form'),
  ),
  bytes: bytes(1, OTHER_RECORD_MAX_BYTES),
})

export const entrySchema = v.union([known, other], 'an entry with a kind and its bytes is expected')

/**
 * What an entry is known by between peers: for signed records of any kind the hash of the signed body
 * (`VerifiedHead.hash`, `VerifiedRelease.hash`), so that signing the same again makes no new entry; for pages and
 * identities the hash of the bytes. An entry that does not decode has the hash of its bytes.
 */
export const entryId = (entry: Entry, crypto: Pick<Crypto, 'sha256'>): Promise<Uint8Array> => {
  if (entry.kind !== 'identity' && entry.kind !== 'page') {
    const envelope = peek(entry.kind, entry.bytes)
    if (envelope.ok) return crypto.sha256(envelope.value.body)
  }
  return crypto.sha256(entry.bytes)
}
