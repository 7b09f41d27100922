import * as v from 'valibot'
import type { Crypto } from './crypto.ts'
import { peek } from './envelope.ts'
import { bytes } from './fields.ts'
import { HEAD_MAX_BYTES, IDENTITY_CHAIN_MAX_BYTES, PAGE_MAX_BYTES, RELEASE_MAX_BYTES } from './limits.ts'

/** One unit of the catalogue, as peers exchange it. `bytes` is unverified until the registry has looked at it. */

export type EntryKind = 'identity' | 'head' | 'release' | 'page'

export interface Entry {
  readonly kind: EntryKind
  /** An identity chain, a signed head, a signed release or a head page. */
  readonly bytes: Uint8Array
}

export const entryMaxBytes: Readonly<Record<EntryKind, number>> = {
  identity: IDENTITY_CHAIN_MAX_BYTES,
  head: HEAD_MAX_BYTES,
  release: RELEASE_MAX_BYTES,
  page: PAGE_MAX_BYTES,
}

export const entrySchema = v.variant(
  'kind',
  [
    v.strictObject({ kind: v.literal('identity'), bytes: bytes(1, entryMaxBytes.identity) }),
    v.strictObject({ kind: v.literal('head'), bytes: bytes(1, entryMaxBytes.head) }),
    v.strictObject({ kind: v.literal('release'), bytes: bytes(1, entryMaxBytes.release) }),
    v.strictObject({ kind: v.literal('page'), bytes: bytes(1, entryMaxBytes.page) }),
  ],
  'a kind of entry is expected',
)

/**
 * What an entry is known by between peers: for heads and releases the hash of the signed body (`VerifiedHead.hash`,
 * `VerifiedRelease.hash`), so that signing the same again makes no new entry; for pages and identities the hash of
 * the bytes. An entry that does not decode has the hash of its bytes.
 */
export const entryId = (entry: Entry, crypto: Pick<Crypto, 'sha256'>): Promise<Uint8Array> => {
  if (entry.kind === 'head' || entry.kind === 'release') {
    const envelope = peek(entry.kind, entry.bytes)
    if (envelope.ok) return crypto.sha256(envelope.value.body)
  }
  return crypto.sha256(entry.bytes)
}
