import type { FailureName } from '../contract/failures.ts'
import type { Crypto } from '../protocol/crypto.ts'
import type { Decoded } from '../protocol/decoded.ts'
import { type Entry, type EntryKind, entryMaxBytes } from '../protocol/entry.ts'
import { peek } from '../protocol/envelope.ts'
import { headCodec, headPageCodec, verifyHead } from '../protocol/head.ts'
import { type Identity, verifyIdentity } from '../protocol/identity.ts'
import { toHex } from '../protocol/ids.ts'
import { peekRelease, verifyRelease } from '../protocol/release.ts'
import type { VerifiedEntry } from './catalogue.ts'

/**
 * From the bytes of an entry to a verified record, or to a refusal in words. What anyone sends comes through here.
 *
 * Guarantees: a verified entry has a valid form, size and signature by a key of its publisher's identity. Never
 * throws for what the bytes hold. `stale` is what was honest once: its sender is not to blame. Not decided here:
 * whether a head is the newest one, and whether a page belongs to anything (pages are unsigned; a head names them).
 */
export type Verification =
  | { readonly outcome: 'verified'; readonly entry: VerifiedEntry }
  | {
      readonly outcome: 'stale' | 'rejected'
      readonly kind: EntryKind
      readonly name: FailureName
      readonly message: string
      /** `rejected` for want of its identity only: it may be good. */
      readonly orphan?: true
    }

/** What is known of publishers, to judge what they signed. */
export interface KnownIdentities {
  identityOf(publisher: string): Identity | undefined
  /** Other histories that the publisher signed. */
  forksOf(publisher: string): readonly Identity[]
}

/** Identities are to be verified, and known, before what they signed. */
export const verifyEntry = async (entry: Entry, known: KnownIdentities, crypto: Crypto): Promise<Verification> => {
  const fault = findFault(entry)
  if (fault !== undefined) return fault
  const { kind, bytes } = entry
  switch (kind) {
    case 'identity':
      return verifyIdentityEntry(bytes, crypto)
    case 'page':
      return verifyPageEntry(bytes, crypto)
    case 'head':
      return verifyHeadEntry(bytes, known, crypto)
    case 'release':
      return verifyReleaseEntry(bytes, known, crypto)
  }
}

/** What can be seen without reading the bytes. */
export const findFault = ({ kind, bytes }: Entry): Verification | undefined => {
  const maxBytes: number | undefined = Object.hasOwn(entryMaxBytes, kind) ? entryMaxBytes[kind] : undefined
  if (maxBytes === undefined || !(bytes instanceof Uint8Array)) {
    return rejected('page', 'RecordMalformed', 'An entry of a kind that does not exist was sent.')
  }
  if (bytes.length <= maxBytes) return undefined
  return rejected(kind, 'RecordTooLarge', `This ${kind} has ${bytes.length} bytes; at most ${maxBytes} are allowed.`)
}

const verifyIdentityEntry = async (bytes: Uint8Array, crypto: Crypto): Promise<Verification> => {
  const identity = await verifyIdentity(bytes, crypto)
  return identity.ok
    ? verified({ kind: 'identity', id: toHex(await crypto.sha256(bytes)), identity: identity.value })
    : rejected('identity', identity.name, identity.message)
}

const verifyPageEntry = async (bytes: Uint8Array, crypto: Crypto): Promise<Verification> => {
  const page = headPageCodec.decode(bytes)
  return page.ok
    ? verified({ kind: 'page', id: toHex(await crypto.sha256(bytes)), page: page.value, bytes })
    : rejected('page', page.name, page.message)
}

const verifyHeadEntry = async (bytes: Uint8Array, known: KnownIdentities, crypto: Crypto): Promise<Verification> => {
  const envelope = peek('head', bytes)
  if (!envelope.ok) return rejected('head', envelope.name, envelope.message)
  const { body, key } = envelope.value
  const peeked = headCodec.decode(body)
  if (!peeked.ok) return rejected('head', peeked.name, peeked.message)
  const { publisher } = peeked.value
  const identity = known.identityOf(publisher)
  if (identity === undefined) return orphan('head')
  const head = await verifyHead(bytes, identity, crypto)
  if (head.ok) return verified({ kind: 'head', id: toHex(head.value.hash), head: head.value, key })
  const former = { ...identity, signingKeys: identity.everSigningKeys, revoked: false }
  if ((await verifyHead(bytes, former, crypto)).ok) {
    return stale(
      'head',
      'Rollback',
      identity.revoked
        ? 'This head belongs to a publisher that has ended its identity.'
        : 'This head is signed with a key that its publisher has replaced since.',
    )
  }
  return refuse('head', head, known.forksOf(publisher), (fork) => verifyHead(bytes, fork, crypto))
}

const verifyReleaseEntry = async (bytes: Uint8Array, known: KnownIdentities, crypto: Crypto): Promise<Verification> => {
  const peeked = peekRelease(bytes)
  if (!peeked.ok) return rejected('release', peeked.name, peeked.message)
  const { publisher } = peeked.value
  const identity = known.identityOf(publisher)
  if (identity === undefined) return orphan('release')
  const release = await verifyRelease(bytes, identity, crypto)
  if (release.ok) return verified({ kind: 'release', id: toHex(release.value.hash), release: release.value })
  return refuse('release', release, known.forksOf(publisher), (fork) => verifyRelease(bytes, fork, crypto))
}

/** What another history of its publisher's identity has signed is not its sender's fault. */
const refuse = async (
  kind: EntryKind,
  failure: Extract<Decoded<unknown>, { ok: false }>,
  forks: readonly Identity[],
  verify: (fork: Identity) => Promise<Decoded<unknown>>,
): Promise<Verification> => {
  for (const fork of forks) {
    if ((await verify(fork)).ok) {
      return stale(
        kind,
        'IdentityInvalid',
        `This ${kind} belongs to a history of its publisher’s identity that contradicts the one that was known first.`,
      )
    }
  }
  return rejected(kind, failure.name, failure.message)
}

const verified = (entry: VerifiedEntry): Verification => ({ outcome: 'verified', entry })

const rejected = (kind: EntryKind, name: FailureName, message: string): Verification => ({
  outcome: 'rejected',
  kind,
  name,
  message,
})

const stale = (kind: EntryKind, name: FailureName, message: string): Verification => ({
  outcome: 'stale',
  kind,
  name,
  message,
})

const orphan = (kind: EntryKind): Verification => ({
  outcome: 'rejected',
  kind,
  name: 'IdentityInvalid',
  message: `The identity of the publisher of this ${kind} is not known, so its signature cannot be checked.`,
  orphan: true,
})
