import { verifyAnnouncement } from '../protocol/announcement.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { packageId, toHex } from '../protocol/ids.ts'
import { createLruMap } from './lru-map.ts'
import { createSignatureCache } from './signature-cache.ts'
import type { AnnouncementValidator } from './topic-validator.ts'

/** Packages whose newest announced state is cached, at about 200 bytes each; the oldest are evicted first. */
const maxPackages = 16_384

/**
 * Validates announcements for a node without a catalogue, such as a relay: signatures, identity, and a state newer than
 * any seen before. Never throws.
 */
export const createRelayAnnouncementValidator = (crypto: CryptoProvider): AnnouncementValidator => {
  const newestByPackage = createLruMap<{ identitySeq: number; seq: number; hash: string }>(maxPackages)
  const openTask = createSignatureCache(crypto)

  return async (announcement) => {
    const counted = openTask()
    const read = await verifyAnnouncement(announcement, counted)
    const checks = counted.checks()
    // A later version cannot be validated: neither forward it nor penalise its sender.
    if (!read.ok) return { verdict: read.name === 'RecordUnsupported' ? 'known' : 'invalid', checks }
    const { identity, head, isSuperseded } = read.value
    const { publisher, slug, seq } = head.head
    const id = packageId(publisher, slug)
    const newest = newestByPackage.peek(id)
    const hash = toHex(head.hash)
    const identitySeq = identity.seq
    // Compare the identity first: a rotated-out key cannot freeze a package with a huge sequence number.
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
