import type { FailureName } from '../contract/failures.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import type { Decoded, DecodeFailure } from '../protocol/decoded.ts'
import { type Entry, maxBytesOf } from '../protocol/entry.ts'
import { open, peek } from '../protocol/envelope.ts'
import { headCodec, headPageCodec, verifyHead } from '../protocol/head.ts'
import { hasKey, type Identity, verifyIdentity } from '../protocol/identity.ts'
import { toHex } from '../protocol/ids.ts'
import { peekOtherRecord, verifyOtherRecord } from '../protocol/other-record.ts'
import { peekRelease, verifyRelease } from '../protocol/release.ts'
import type { VerifiedEntry } from './catalogue.ts'

/**
 * From the bytes of an entry to a verified record, or to a refusal. What anyone sends comes through here.
 *
 * Guarantees: a verified entry has a valid form and size, and a signature by a key of its publisher's identity. No
 * bytes make it throw. Not checked: whether a head is the newest one, and whether a page belongs to a package (pages
 * are unsigned; a head names them).
 *
 * Whether an entry is a violation follows from its bytes alone, the same at every peer, so that no peer is penalised
 * for passing on an entry that it had reason to accept:
 * - `forged`: the signature by a key of a known publisher is wrong, or an identity's documents are not signed by its
 *   own keys. A signature depends on nothing else and every peer checks it before accepting an entry, so only the
 *   forger sends it. This alone justifies a ban.
 * - `invalid`: the bytes do not have the form of the kind. No peer of this version has accepted them.
 * - `unproven`: it may be valid, but verifying it takes an identity, a newer document of one, or a newer version of
 *   this program. Not a violation.
 * - `stale`: it was valid once. Not a violation.
 */
export type Verification =
  | { readonly outcome: 'verified'; readonly entry: VerifiedEntry }
  | {
      readonly outcome: 'stale' | 'unproven' | 'invalid' | 'forged'
      readonly kind: string
      readonly name: FailureName
      readonly message: string
    }

/** The identities that verify signed entries. */
export interface IdentitySource {
  identityOf(publisher: string): Identity | undefined
  /** Other histories that the publisher signed. */
  forksOf(publisher: string): readonly Identity[]
}

/** Identities must be in the catalogue before the entries they signed are verified. */
export const verifyEntry = async (
  entry: Entry,
  identities: IdentitySource,
  crypto: CryptoProvider,
): Promise<Verification> => {
  const refusal = checkSize(entry)
  if (refusal !== undefined) return refusal
  const { kind, bytes } = entry
  switch (kind) {
    case 'identity':
      return verifyIdentityEntry(bytes, crypto)
    case 'page':
      return verifyPageEntry(bytes, crypto)
    case 'head':
      return verifyHeadEntry(bytes, identities, crypto)
    case 'release':
      return verifyReleaseEntry(bytes, identities, crypto)
    default:
      return verifyOtherEntry(kind, bytes, identities, crypto)
  }
}

/** Checks the size, without decoding. Returns the refusal, if any. */
export const checkSize = ({ kind, bytes }: Entry): Verification | undefined => {
  if (!(bytes instanceof Uint8Array)) return refuse('invalid', kind, 'RecordMalformed', 'An entry without bytes.')
  const maxBytes = maxBytesOf(kind)
  if (bytes.length <= maxBytes) return undefined
  return refuse(
    'invalid',
    kind,
    'RecordTooLarge',
    `This ${kind} has ${bytes.length} bytes; at most ${maxBytes} are allowed.`,
  )
}

const verifyIdentityEntry = async (bytes: Uint8Array, crypto: CryptoProvider): Promise<Verification> => {
  const identity = await verifyIdentity(bytes, crypto)
  if (identity.ok)
    return verified({ kind: 'identity', id: toHex(await crypto.sha256(bytes)), identity: identity.value })
  return identity.name === 'IdentityInvalid'
    ? refuse('forged', 'identity', identity.name, identity.message)
    : refuseForm('identity', identity)
}

const verifyPageEntry = async (bytes: Uint8Array, crypto: CryptoProvider): Promise<Verification> => {
  const page = headPageCodec.decode(bytes)
  return page.ok
    ? verified({ kind: 'page', id: toHex(await crypto.sha256(bytes)), page: page.value, bytes })
    : refuseForm('page', page)
}

const verifyHeadEntry = async (
  bytes: Uint8Array,
  identities: IdentitySource,
  crypto: CryptoProvider,
): Promise<Verification> => {
  const envelope = peek('head', bytes)
  if (!envelope.ok) return refuseForm('head', envelope)
  const { body, key } = envelope.value
  const peeked = headCodec.decode(body)
  if (!peeked.ok) return ofLaterVersion(peeked, 'head', bytes, identities, crypto)
  const { publisher } = peeked.value
  const identity = identities.identityOf(publisher)
  if (identity === undefined) return orphan('head')
  const head = await verifyHead(bytes, identity, crypto)
  if (head.ok) return verified({ kind: 'head', id: toHex(head.value.hash), head: head.value, key })
  if (hasKey(identity.everSigningKeys, key) && (await open('head', bytes, crypto.verify)).ok) {
    return refuse(
      'stale',
      'head',
      'Rollback',
      identity.revoked
        ? 'This head belongs to a publisher that has ended its identity.'
        : 'This head is signed with a key that its publisher has replaced since.',
    )
  }
  return refuseSigned('head', bytes, key, { identity, forks: identities.forksOf(publisher) }, crypto)
}

const verifyReleaseEntry = async (
  bytes: Uint8Array,
  identities: IdentitySource,
  crypto: CryptoProvider,
): Promise<Verification> => {
  const envelope = peek('release', bytes)
  if (!envelope.ok) return refuseForm('release', envelope)
  const peeked = peekRelease(bytes)
  if (!peeked.ok) return ofLaterVersion(peeked, 'release', bytes, identities, crypto)
  const { publisher } = peeked.value
  const identity = identities.identityOf(publisher)
  if (identity === undefined) return orphan('release')
  const release = await verifyRelease(bytes, identity, crypto)
  return release.ok
    ? verified({ kind: 'release', id: toHex(release.value.hash), release: release.value })
    : refuseSigned('release', bytes, envelope.value.key, { identity, forks: identities.forksOf(publisher) }, crypto)
}

/** Verifies a record of an unknown kind, or of a later version of a known kind. */
const verifyOtherEntry = async (
  kind: string,
  bytes: Uint8Array,
  identities: IdentitySource,
  crypto: CryptoProvider,
): Promise<Verification> => {
  const peeked = peekOtherRecord(kind, bytes)
  // A record of an unknown kind may have any form.
  if (!peeked.ok) return refuse('unproven', kind, 'RecordUnsupported', 'This kind of entry is not known here.')
  const identity = identities.identityOf(peeked.value.publisher)
  if (identity === undefined) return orphan(kind)
  const record = await verifyOtherRecord(kind, bytes, identity, crypto)
  if (record.ok) return verified({ kind: 'other', id: toHex(record.value.hash), record: record.value })
  const envelope = peek(kind, bytes)
  return envelope.ok
    ? refuseSigned(
        kind,
        bytes,
        envelope.value.key,
        { identity, forks: identities.forksOf(peeked.value.publisher) },
        crypto,
      )
    : refuseForm(kind, envelope)
}

const ofLaterVersion = (
  failure: DecodeFailure,
  kind: string,
  bytes: Uint8Array,
  identities: IdentitySource,
  crypto: CryptoProvider,
): Verification | Promise<Verification> =>
  failure.name === 'RecordUnsupported' ? verifyOtherEntry(kind, bytes, identities, crypto) : refuseForm(kind, failure)

/** Refuses a signed record of a known publisher because of its key or signature. */
const refuseSigned = async (
  kind: string,
  bytes: Uint8Array,
  key: Uint8Array,
  publisher: { readonly identity: Identity; readonly forks: readonly Identity[] },
  crypto: CryptoProvider,
): Promise<Verification> => {
  const { identity, forks } = publisher
  const isOfFork = forks.some(({ everSigningKeys }) => hasKey(everSigningKeys, key))
  if (isOfFork || hasKey(identity.everSigningKeys, key)) {
    const opened: Decoded<unknown> = await open(kind, bytes, crypto.verify)
    if (!opened.ok && opened.name === 'SignatureInvalid') return refuse('forged', kind, opened.name, opened.message)
    if (!opened.ok) return refuseForm(kind, opened)
  }
  if (isOfFork) {
    return refuse(
      'stale',
      kind,
      'IdentityInvalid',
      `This ${kind} belongs to a history of its publisher’s identity that contradicts the one that was known first.`,
    )
  }
  return refuse(
    'unproven',
    kind,
    'SignatureInvalid',
    `This ${kind} is signed with a key that its publisher is not known to have.`,
  )
}

const verified = (entry: VerifiedEntry): Verification => ({ outcome: 'verified', entry })

const refuse = (
  outcome: Exclude<Verification['outcome'], 'verified'>,
  kind: string,
  name: FailureName,
  message: string,
): Verification => ({ outcome, kind, name, message })

/** Refuses bytes that do not decode. A later version may be able to decode them. */
const refuseForm = (kind: string, { name, message }: DecodeFailure): Verification =>
  refuse(name === 'RecordUnsupported' ? 'unproven' : 'invalid', kind, name, message)

const orphan = (kind: string): Verification =>
  refuse(
    'unproven',
    kind,
    'IdentityInvalid',
    `The identity of the publisher of this ${kind} is not known, so its signature cannot be checked.`,
  )
