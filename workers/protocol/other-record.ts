import * as v from 'valibot'
import { createCodec } from './codec.ts'
import type { CryptoProvider } from './crypto.ts'
import { type Decoded, decoded, refused } from './decoded.ts'
import { open, peek, signedId } from './envelope.ts'
import { integer, line, openRecord, publisherId } from './fields.ts'
import { hasKey, type Identity } from './identity.ts'
import type { PublisherId } from './ids.ts'
import { MAX_SUBJECT_CHARACTERS, OTHER_RECORD_MAX_BYTES } from './limits.ts'

/**
 * A signed record of a kind or version that this program does not support: a star, a label, a release of a later
 * format. Its contents are opaque but its signature can be verified, so it is kept and passed on within limits. That
 * keeps the network whole while some peers are newer.
 *
 * Every signed body, of any kind, therefore names its `v` and `publisher`. Two optional fields control replacement: of
 * the records of one publisher, kind and `subject` only the one with the highest `seq` is kept. The subject of a head
 * is its `slug`. A record without a subject replaces nothing.
 */
export interface OtherRecord {
  readonly kind: string
  readonly publisher: PublisherId
  readonly subject: string | undefined
  /** 0 if missing. */
  readonly seq: number
}

export interface VerifiedOtherRecord {
  readonly record: OtherRecord
  /** See `signedId`. */
  readonly hash: Uint8Array
  /** The signed record. */
  readonly bytes: Uint8Array
}

const subject = line(1, MAX_SUBJECT_CHARACTERS)

/** Fields that every signed body has. */
const bodyCodec = createCodec({
  name: 'signed record',
  version: Number.MAX_SAFE_INTEGER,
  maxBytes: OTHER_RECORD_MAX_BYTES,
  schema: openRecord({ v: integer(1), publisher: publisherId }),
})

/** Returns whether these bytes may be the body of a signed record of any kind. Total. */
export const isSignedBody = (bytes: Uint8Array): boolean => bodyCodec.decode(bytes).ok

/** Decodes the common fields of a signed record without checking the signature. Total. */
export const peekOtherRecord = (kind: string, bytes: Uint8Array): Decoded<OtherRecord> => {
  const envelope = peek(kind, bytes)
  if (!envelope.ok) return envelope
  const body = bodyCodec.decode(envelope.value.body)
  if (!body.ok) return body
  const fields: Readonly<Record<string, unknown>> = body.value
  return decoded({
    kind,
    publisher: body.value.publisher,
    subject: textOf(fields['subject']) ?? (kind === 'head' ? textOf(fields['slug']) : undefined),
    seq: numberOf(fields['seq']) ?? 0,
  })
}

/** Verifies a record. As for releases, former signing keys of the publisher are valid. */
export const verifyOtherRecord = async (
  kind: string,
  bytes: Uint8Array,
  identity: Identity,
  crypto: CryptoProvider,
): Promise<Decoded<VerifiedOtherRecord>> => {
  const peeked = peekOtherRecord(kind, bytes)
  if (!peeked.ok) return peeked
  if (peeked.value.publisher !== identity.publisherId)
    return refused('IdentityInvalid', 'This record belongs to another publisher.')
  const envelope = peek(kind, bytes)
  if (!envelope.ok) return envelope
  // Checked first: verifying the signature costs a hundred times as much.
  if (!hasKey(identity.everSigningKeys, envelope.value.key))
    return refused('SignatureInvalid', 'This record is signed with a key that its publisher never had.')
  const opened = await open(kind, bytes, crypto.verify)
  if (!opened.ok) return opened
  return decoded({ record: peeked.value, hash: await signedId(kind, opened.value.body, crypto), bytes })
}

/** Fields of another form belong to later versions and are ignored. */
const textOf = (field: unknown): string | undefined => (v.is(subject, field) ? field : undefined)
const numberOf = (field: unknown): number | undefined => (v.is(integer(0), field) ? field : undefined)
