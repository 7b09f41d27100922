import type { PackageSummary } from '../contract/views.ts'
import { type Announcement, announcementCodec } from '../protocol/announcement.ts'
import { sameBytes } from '../protocol/bytes.ts'
import type { Entry } from '../protocol/entry.ts'
import { peekHead } from '../protocol/head.ts'
import { peekIdentity } from '../protocol/identity.ts'
import { type PackageId, packageId } from '../protocol/ids.ts'
import { peekRelease } from '../protocol/release.ts'
import { wireVersions } from '../protocol/version.ts'
import type { CataloguePackage } from './catalogue.ts'
import { packageToSummary, releaseToSummary, shownVersion } from './summary.ts'

/**
 * What is kept of a package that was looked up: the signed records of the version that is shown, and what they say.
 * Encoded it is an announcement, so that whoever reads it again can check all of it.
 *
 * Not guaranteed: that decoded bytes are authentic; that takes their entries through the registry.
 */
export interface CachedPackage {
  readonly id: PackageId
  readonly records: Announcement
  /** Undefined while no release of the package is here. */
  readonly summary: PackageSummary | undefined
}

export const toCachedPackage = (found: CataloguePackage): CachedPackage => ({
  id: found.id,
  records: {
    v: wireVersions.announcement,
    identity: found.identity.chain,
    head: found.head.bytes,
    release: shownVersion(found)?.release?.bytes ?? null,
  },
  summary: packageToSummary(found),
})

/** Tells whether it is what the catalogue would say now. */
export const isAsCatalogued = ({ records }: CachedPackage, found: CataloguePackage): boolean =>
  same(records.identity, found.identity.chain) &&
  same(records.head, found.head.bytes) &&
  same(records.release, shownVersion(found)?.release?.bytes ?? null)

/** What a peer would have sent. */
export const cachedPackageToEntries = ({ records: { identity, head, release } }: CachedPackage): Entry[] => [
  { kind: 'identity', bytes: identity },
  { kind: 'head', bytes: head },
  ...(release === null ? [] : [{ kind: 'release' as const, bytes: release }]),
]

export const cachedPackageCodec = {
  encode: ({ records }: CachedPackage): Uint8Array => announcementCodec.encode(records),

  /** Total: undefined for anything that is not a head with the identity, and the release if any, of its package. */
  decode(bytes: Uint8Array): CachedPackage | undefined {
    const records = announcementCodec.decode(bytes)
    if (!records.ok) return undefined
    const { identity, head, release } = records.value
    const peeked = { identity: peekIdentity(identity), head: peekHead(head) }
    if (!peeked.identity.ok || !peeked.head.ok) return undefined
    const id = packageId(peeked.head.value.publisher, peeked.head.value.slug)
    if (release === null) return { id, records: records.value, summary: undefined }
    const shown = peekRelease(release)
    if (!shown.ok || packageId(shown.value.publisher, shown.value.slug) !== id) return undefined
    return { id, records: records.value, summary: releaseToSummary(shown.value, peeked.identity.value.name) }
  },
}

const same = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === b || (a !== null && b !== null && sameBytes(a, b))
