import * as v from 'valibot'
import { concatBytes } from './bytes.ts'
import type { CryptoProvider } from './crypto.ts'
import { peek, signedId } from './envelope.ts'
import { bytes, openRecord, token } from './fields.ts'
import {
  HEAD_MAX_BYTES,
  IDENTITY_CHAIN_MAX_BYTES,
  OTHER_RECORD_MAX_BYTES,
  PAGE_MAX_BYTES,
  RELEASE_MAX_BYTES,
} from './limits.ts'
import { asciiToBytes } from './text.ts'

/** One unit of the catalogue, as peers exchange it. `bytes` are unverified until the registry has verified them. */

/** Kinds that this version supports. */
export type EntryKind = 'identity' | 'head' | 'release' | 'page'

export interface Entry {
  /** An `EntryKind`, or a kind of a later version, which is passed on as opaque (`other-record.ts`). */
  readonly kind: string
  /** An identity chain, signed head, signed release or head page; for an unknown kind a signed record. */
  readonly bytes: Uint8Array
}

export const entryMaxBytes: Readonly<Record<EntryKind, number>> = {
  identity: IDENTITY_CHAIN_MAX_BYTES,
  head: HEAD_MAX_BYTES,
  release: RELEASE_MAX_BYTES,
  page: PAGE_MAX_BYTES,
}

export const isEntryKind = (kind: string): kind is EntryKind => Object.hasOwn(entryMaxBytes, kind)

/** Returns the maximum size of an entry of this kind (bytes). */
export const maxBytesOf = (kind: string): number => (isEntryKind(kind) ? entryMaxBytes[kind] : OTHER_RECORD_MAX_BYTES)

const supported = v.variant(
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

export const entrySchema = v.union([supported, other], 'an entry with a kind and its bytes is expected')

/**
 * Returns the id of an entry: for signed records `signedId` (`VerifiedHead.hash`, `VerifiedRelease.hash`), so that
 * signing the same body again gives no new entry; for pages and identities the hash of the bytes. An entry of another
 * kind that is not a signed record has the hash of its kind and bytes, so nobody can forge an entry with the id of
 * another.
 */
export const entryId = ({ kind, bytes }: Entry, crypto: Pick<CryptoProvider, 'sha256'>): Promise<Uint8Array> => {
  if (kind === 'identity' || kind === 'page') return crypto.sha256(bytes)
  const envelope = peek(kind, bytes)
  return envelope.ok
    ? signedId(kind, envelope.value.body, crypto)
    : crypto.sha256(concatBytes([asciiToBytes(`ggen\0${kind}\0`), bytes]))
}
