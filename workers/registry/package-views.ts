import { Failure } from '../contract/failures.ts'
import type { DependencyView, PackageSummary, PackageView, TrustState, VersionView } from '../contract/views.ts'
import { packageId, rootToText } from '../protocol/ids.ts'
import { MAX_FILES, MAX_PACKAGE_BYTES } from '../protocol/limits.ts'
import { presentableCount, presentableLine, presentableLines, presentableTime } from '../protocol/presentable.ts'
import { type Dependency, isDependencyEcosystem, isDependencyKind, type Release } from '../protocol/release.ts'
import type { CataloguePackage, CatalogueVersion } from './catalogue.ts'

/**
 * Views of catalogue packages for the page. Every field is within the bounds that all views can render
 * (protocol/presentable.ts), whatever the record says. `now` is the present (ms since the epoch); with it, a release
 * that claims a later time has no time.
 */

/** A summary with the other searchable fields. */
export interface PackageDocument extends PackageSummary {
  keywords: string[]
}

/** Returns the version to show: the latest, else the highest with a release, yanked ones last. */
export const shownVersion = (found: CataloguePackage): CatalogueVersion | undefined =>
  found.latest ?? found.versions.find(({ release, yanked }) => release !== undefined && !yanked) ?? firstKnown(found)

/** Undefined until a release of the package arrives. */
export const packageToSummary = (found: CataloguePackage, now?: number): PackageSummary | undefined => {
  const release = shownVersion(found)?.release?.release
  return release === undefined ? undefined : releaseToSummary(release, found.identity.name, now)
}

export const releaseToSummary = (release: Release, publisherName: string, now?: number): PackageSummary => ({
  id: packageId(release.publisher, release.slug),
  slug: release.slug,
  version: release.version,
  name: presentableLine(release.displayName, release.slug),
  description: presentableLine(release.description),
  category: presentableLine(release.category, noCategory),
  tags: presentableLines(release.tags),
  publisher: release.publisher,
  publisherName: presentableLine(publisherName, noName),
  license: presentableLine(release.license),
  size: presentableCount(release.size, MAX_PACKAGE_BYTES),
  publishedAt: presentableTime(release.publishedAt, now),
})

/** Removes a time in the future from a summary that was built without `now`. */
export const datedSummary = (summary: PackageSummary, now: number): PackageSummary => ({
  ...summary,
  publishedAt: presentableTime(summary.publishedAt, now),
})

/** Placeholders for a publisher name and a category without visible characters. */
const noName = 'unnamed'
const noCategory = 'other'

/** Returns the search document of a package; undefined if all versions are yanked or none has arrived. */
export const packageToDocument = (found: CataloguePackage, now?: number): PackageDocument | undefined => {
  const shown = shownVersion(found)
  const summary = packageToSummary(found, now)
  if (shown?.release === undefined || shown.yanked || summary === undefined) return undefined
  return { ...summary, keywords: presentableLines(shown.release.release.keywords) }
}

/** Values that the package page shows in addition to the catalogue. */
export interface ViewExtras {
  readonly trust: TrustState
  readonly dependents: readonly CataloguePackage[]
  readonly namesakes: readonly CataloguePackage[]
  isInstalled(version: string): boolean
  readonly heldBy: number
  /** Manifest of the shown version, if stored. */
  readonly manifest?: { readonly files: readonly { readonly path: string; readonly size: number }[] }
  /** The present (ms since the epoch). */
  readonly now?: number
}

/** Returns everything that the package page shows. @throws Failure `PackageNotFound` until a release arrives. */
export const packageToView = (found: CataloguePackage, extras: ViewExtras): PackageView => {
  const release = shownVersion(found)?.release?.release
  const summary = packageToSummary(found, extras.now)
  if (release === undefined || summary === undefined) {
    throw new Failure('PackageNotFound', { code: 'records-not-here', package: found.slug })
  }
  return {
    summary,
    displayName: summary.name,
    authors: presentableLines(release.authors),
    keywords: presentableLines(release.keywords),
    repository: presentableLine(release.repository),
    dependencies: release.dependencies.map(dependencyToView),
    dependents: extras.dependents.map(({ id, slug }) => ({ id, slug })),
    versions: found.versions.flatMap(
      (version) => versionToView(version, extras.isInstalled(version.version), extras.now) ?? [],
    ),
    ...(extras.manifest === undefined
      ? {}
      : { files: extras.manifest.files.map(({ path, size }) => ({ path, size })) }),
    heldBy: extras.heldBy,
    publisher: {
      id: found.publisher,
      name: summary.publisherName,
      // The id is the hash of the first identity document, so it commits to the keys and survives their rotation.
      fingerprint: found.publisher,
      trust: extras.trust,
    },
    namesakes: extras.namesakes
      .filter(({ id }) => id !== found.id)
      .map(({ id, identity }) => ({ id, publisherName: presentableLine(identity.name, noName) })),
  }
}

const firstKnown = (found: CataloguePackage): CatalogueVersion | undefined =>
  found.versions.find(({ release }) => release !== undefined)

const versionToView = (version: CatalogueVersion, installed: boolean, now?: number): VersionView | undefined => {
  const release = version.release?.release
  if (release === undefined) return undefined
  return {
    version: version.version,
    root: rootToText(release.root),
    size: presentableCount(release.size, MAX_PACKAGE_BYTES),
    fileCount: presentableCount(release.fileCount, MAX_FILES),
    publishedAt: presentableTime(release.publishedAt, now),
    yanked: version.yanked,
    installed,
    equivocation: version.equivocation,
  }
}

const dependencyToView = ({ name, range, optional, kind, ecosystem }: Dependency): DependencyView => ({
  name: presentableLine(name, '…'),
  range: presentableLine(range),
  optional,
  kind: isDependencyKind(kind) ? kind : 'unknown',
  ...(ecosystem === undefined || !isDependencyEcosystem(ecosystem) ? {} : { ecosystem }),
})
