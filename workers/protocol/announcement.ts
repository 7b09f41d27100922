import * as v from 'valibot'
import { sameBytes } from './bytes.ts'
import { createCodec } from './codec.ts'
import type { CryptoProvider } from './crypto.ts'
import { type Decoded, decoded, refused } from './decoded.ts'
import { openHashed } from './envelope.ts'
import { bytes, openRecord } from './fields.ts'
import { type Head, peekHead, type VerifiedHead, verifyHead } from './head.ts'
import { hasKey, type Identity, verifyIdentity } from './identity.ts'
import { ANNOUNCEMENT_MAX_BYTES, HEAD_MAX_BYTES, IDENTITY_CHAIN_MAX_BYTES, RELEASE_MAX_BYTES } from './limits.ts'
import { type VerifiedRelease, verifyRelease } from './release.ts'
import { wireVersions } from './version.ts'

/**
 * The gossip message of a new package state. It contains everything needed to verify it, so that a peer can decide
 * alone whether to forward it. Gossip is best effort; sync is authoritative.
 */
export interface Announcement {
  readonly v: 1
  /** An encoded identity chain. */
  readonly identity: Uint8Array
  /** A signed head. */
  readonly head: Uint8Array
  /** The new signed release, or null (for a yank). */
  readonly release: Uint8Array | null
}

export const announcementCodec = createCodec<Announcement>({
  name: 'announcement',
  version: wireVersions.announcement,
  maxBytes: ANNOUNCEMENT_MAX_BYTES,
  schema: openRecord({
    v: v.literal(wireVersions.announcement, 'another version is expected'),
    identity: bytes(1, IDENTITY_CHAIN_MAX_BYTES),
    head: bytes(1, HEAD_MAX_BYTES),
    release: v.nullable(bytes(1, RELEASE_MAX_BYTES)),
  }),
})

/** A decoded, unverified announcement with its head, which identifies the package. */
export interface ReadAnnouncement {
  readonly parts: Announcement
  readonly head: Head
}

export interface VerifiedAnnouncement {
  readonly identity: Identity
  readonly head: VerifiedHead
  readonly release: VerifiedRelease | null
  /** The head was valid once, but its key was replaced or its identity revoked. Not to be passed on. */
  readonly isSuperseded: boolean
}

/** Decodes an announcement. Done once; all later steps use the result. */
export const readAnnouncement = (bytes: Uint8Array): Decoded<ReadAnnouncement> => {
  const parts = announcementCodec.decode(bytes)
  if (!parts.ok) return parts
  const head = peekHead(parts.value.head)
  return head.ok ? decoded({ parts: parts.value, head: head.value }) : head
}

/**
 * Checks the form, the signatures and the consistency of the parts. The outcome depends on the bytes alone, so peers
 * with another state never penalise a peer for forwarding an announcement that it found valid.
 */
export const verifyAnnouncement = async (
  read: Decoded<ReadAnnouncement>,
  crypto: CryptoProvider,
): Promise<Decoded<VerifiedAnnouncement>> => {
  if (!read.ok) return read
  const { parts } = read.value
  // In parallel: in sequence, each would wait for a turn of an event loop that may be busy.
  const [identity, openedHead, openedRelease] = await Promise.all([
    verifyIdentity(parts.identity, crypto),
    openHashed('head', parts.head, crypto),
    parts.release === null ? undefined : openHashed('release', parts.release, crypto),
  ])
  if (!identity.ok) return identity
  const ever: Identity = { ...identity.value, signingKeys: identity.value.everSigningKeys, revoked: false }
  const head = await verifyHead(parts.head, ever, crypto, openedHead)
  if (!head.ok) return head
  const isSuperseded =
    identity.value.revoked || !openedHead.ok || !hasKey(identity.value.signingKeys, openedHead.value.key)
  if (parts.release === null)
    return decoded({ identity: identity.value, head: head.value, release: null, isSuperseded })
  const release = await verifyRelease(parts.release, identity.value, crypto, openedRelease)
  if (!release.ok) return release
  if (!isListed(release.value, read.value.head))
    return refused('RecordMalformed', 'The head of this announcement does not name its release.')
  return decoded({ identity: identity.value, head: head.value, release: release.value, isSuperseded })
}

const isListed = ({ release, hash }: VerifiedRelease, head: Head): boolean =>
  release.slug === head.slug && head.versions.some((version) => sameBytes(version.release, hash))
