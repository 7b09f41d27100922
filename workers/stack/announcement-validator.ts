import { verifyAnnouncement } from '../protocol/announcement.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { packageId, toHex } from '../protocol/ids.ts'
import type { Judge } from './announcement-gate.ts'
import { createLruMap } from './lru-map.ts'
import { createSignatureCache } from './signature-cache.ts'

/** Packages whose newest announced state is remembered, at about 200 bytes each; the oldest are forgotten first. */
const maxPackages = 16_384

/**
 * Judges announcements for a node that keeps no catalogue, as a relay: signatures, identity, and that the state is
 * newer than the newest one seen. Never throws.
 */
export const createAnnouncementValidator = (crypto: CryptoProvider): Judge => {
  const newestByPackage = createLruMap<{ identitySeq: number; seq: number; hash: string }>(maxPackages)
  const recall = createSignatureCache(crypto)

  return async (announcement) => {
    const counted = recall()
    const read = await verifyAnnouncement(announcement, counted)
    const checks = counted.checks()
    // Of a later version: not to be judged here, so neither passed on nor held against its sender.
    if (!read.ok) return { verdict: read.name === 'RecordUnsupported' ? 'known' : 'invalid', checks }
    const { identity, head, isSuperseded } = read.value
    const { publisher, slug, seq } = head.head
    const id = packageId(publisher, slug)
    const newest = newestByPackage.peek(id)
    const hash = toHex(head.hash)
    const identitySeq = identity.seq
    // The identity first: a key that was rotated out cannot freeze a package by a huge sequence number.
    if (
      isSuperseded ||
      (newest !== undefined &&
        (identitySeq - newest.identitySeq || seq - newest.seq || (hash === newest.hash ? -1 : 1)) < 0)
    )
      return { verdict: 'known', checks }
    newestByPackage.set(id, { identitySeq, seq, hash })
    return { verdict: 'new', checks }
  }
}
