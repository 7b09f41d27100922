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
 * A signed record of a kind, or of a version of its kind, that this program does not know: a star, a label, a release
 * of a later format. What it says is not understood; who signed it can be checked, so it is kept and passed on within
 * limits, and a network does not split when some of its peers are newer.
 *
 * For that every signed body, of any kind, names its `v` and `publisher`. Two optional fields decide what replaces
 * what: of the records of one publisher, kind and `subject` only that with the highest `seq` is kept. Without a subject
 * (a head's is its `slug`) a record replaces nothing.
 */
export interface OtherRecord {
  readonly kind: string
  readonly publisher: PublisherId
  /** What it is about, by its own account. */
  readonly subject: string | undefined
  /** 0 where none is given. */
  readonly seq: number
}

export interface VerifiedOtherRecord {
  readonly record: OtherRecord
  /** `signedId`. */
  readonly hash: Uint8Array
  /** The signed record. */
  readonly bytes: Uint8Array
}

const subject = line(1, MAX_SUBJECT_CHARACTERS)

/** What every signed body has in common. */
const bodyCodec = createCodec({
  name: 'signed record',
  version: Number.MAX_SAFE_INTEGER,
  maxBytes: OTHER_RECORD_MAX_BYTES,
  schema: openRecord({ v: integer(1), publisher: publisherId }),
})

/** Tells whether these bytes may be the body of a signed record of some kind. Total. */
export const isSignedBody = (bytes: Uint8Array): boolean => bodyCodec.decode(bytes).ok

/** What a signed record says of itself, its signature unchecked. Total. */
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

/** Accepts what any signing key that the publisher ever had signed, as for releases. */
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
  // Before the signature, which costs a hundred times as much to check.
  if (!hasKey(identity.everSigningKeys, envelope.value.key))
    return refused('SignatureInvalid', 'This record is signed with a key that its publisher never had.')
  const opened = await open(kind, bytes, crypto.verify)
  if (!opened.ok) return opened
  return decoded({ record: peeked.value, hash: await signedId(kind, opened.value.body, crypto), bytes })
}

/** A field of another form belongs to a later version, and means nothing here. */
const textOf = (field: unknown): string | undefined => (v.is(subject, field) ? field : undefined)
const numberOf = (field: unknown): number | undefined => (v.is(integer(0), field) ? field : undefined)
