import { announcementCodec } from '../protocol/announcement.ts'
import type { Crypto } from '../protocol/crypto.ts'
import { verifyHead } from '../protocol/head.ts'
import { verifyIdentity } from '../protocol/identity.ts'
import { packageId, toHex } from '../protocol/ids.ts'
import { verifyRelease } from '../protocol/release.ts'

/** Packages whose newest announced state is remembered, at about 200 bytes each; the oldest are forgotten first. */
const maxPackages = 16_384

/** `known`: seen before, or older than what was seen; dropped without blame. `invalid` counts against the sender. */
export type AnnouncementVerdict = 'new' | 'known' | 'invalid'

/**
 * Judges announcements for a node that keeps no catalogue, as a relay: signatures, identity, and that the state is
 * newer than the newest one seen. Never throws.
 */
export const createAnnouncementValidator = (crypto: Crypto): ((bytes: Uint8Array) => Promise<AnnouncementVerdict>) => {
  const newestByPackage = new Map<string, { identitySeq: number; seq: number; hash: string }>()

  return async (bytes) => {
    const read = announcementCodec.decode(bytes)
    if (!read.ok) return 'invalid'
    const identity = await verifyIdentity(read.value.identity, crypto)
    if (!identity.ok) return 'invalid'
    const head = await verifyHead(read.value.head, identity.value, crypto)
    if (!head.ok) return 'invalid'
    const { publisher, slug, seq, versions } = head.value.head
    if (read.value.release !== null) {
      const release = await verifyRelease(read.value.release, identity.value, crypto)
      if (!release.ok || release.value.release.slug !== slug) return 'invalid'
      const hash = toHex(release.value.hash)
      if (!versions.some((version) => toHex(version.release) === hash)) return 'invalid'
    }
    const id = packageId(publisher, slug)
    const newest = newestByPackage.get(id)
    const hash = toHex(head.value.hash)
    const identitySeq = identity.value.seq
    // The identity first: a key that was rotated out cannot freeze a package by a huge sequence number.
    if (
      newest !== undefined &&
      (identitySeq - newest.identitySeq || seq - newest.seq || (hash === newest.hash ? -1 : 1)) < 0
    )
      return 'known'
    newestByPackage.delete(id)
    newestByPackage.set(id, { identitySeq, seq, hash })
    for (const oldest of newestByPackage.keys()) {
      if (newestByPackage.size <= maxPackages) break
      newestByPackage.delete(oldest)
    }
    return 'new'
  }
}
