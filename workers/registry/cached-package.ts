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
import { packageToSummary, releaseToSummary, shownVersion } from './package-views.ts'

/**
 * A looked-up package in the package cache: the signed records of the shown version and their summary. Encoded as an
 * announcement, so that a reader can verify all of it.
 *
 * Not guaranteed: authenticity of decoded bytes. For that, ingest their entries into the registry.
 */
export interface CachedPackage {
  readonly id: PackageId
  readonly records: Announcement
  /** Undefined until a release of the package arrives. */
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

/** Returns whether the cached records are those of the catalogue. */
export const isCurrent = ({ records }: CachedPackage, found: CataloguePackage): boolean =>
  same(records.identity, found.identity.chain) &&
  same(records.head, found.head.bytes) &&
  same(records.release, shownVersion(found)?.release?.bytes ?? null)

/** The entries as a peer would send them. */
export const cachedPackageToEntries = ({ records: { identity, head, release } }: CachedPackage): Entry[] => [
  { kind: 'identity', bytes: identity },
  { kind: 'head', bytes: head },
  ...(release === null ? [] : [{ kind: 'release' as const, bytes: release }]),
]

export const cachedPackageCodec = {
  encode: ({ records }: CachedPackage): Uint8Array => announcementCodec.encode(records),

  /** Total: undefined unless the bytes hold a head and an identity, and the release, if any, is of the same package. */
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
