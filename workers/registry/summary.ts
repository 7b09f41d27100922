import { Failure } from '../contract/failures.ts'
import type { DependencyView, PackageSummary, PackageView, TrustState, VersionView } from '../contract/views.ts'
import { packageId, rootToText } from '../protocol/ids.ts'
import { type Dependency, isDependencyEcosystem, isDependencyKind, type Release } from '../protocol/release.ts'
import type { CataloguePackage, CatalogueVersion } from './catalogue.ts'

/** What the page sees of a package of the catalogue. */

/** A summary with what else is searched. */
export interface PackageDocument extends PackageSummary {
  keywords: string[]
}

/** The version that stands for the package: the one that is offered, else the highest whose record is here. */
export const shownVersion = (found: CataloguePackage): CatalogueVersion | undefined =>
  found.latest ?? found.versions.find(({ release, yanked }) => release !== undefined && !yanked) ?? firstKnown(found)

/** Undefined while no release of the package is here. */
export const packageToSummary = (found: CataloguePackage): PackageSummary | undefined => {
  const release = shownVersion(found)?.release?.release
  return release === undefined ? undefined : releaseToSummary(release, found.identity.name)
}

export const releaseToSummary = (release: Release, publisherName: string): PackageSummary => ({
  id: packageId(release.publisher, release.slug),
  slug: release.slug,
  version: release.version,
  name: release.displayName,
  description: release.description,
  category: release.category,
  tags: [...release.tags],
  publisher: release.publisher,
  publisherName,
  license: release.license,
  size: release.size,
  publishedAt: release.publishedAt,
})

/** What search should know of a package; undefined where all its versions are yanked, or none is here. */
export const packageToDocument = (found: CataloguePackage): PackageDocument | undefined => {
  const shown = shownVersion(found)
  const summary = packageToSummary(found)
  if (shown?.release === undefined || shown.yanked || summary === undefined) return undefined
  return { ...summary, keywords: [...shown.release.release.keywords] }
}

/** What the package's page needs beyond the catalogue. */
export interface ViewExtras {
  readonly trust: TrustState
  readonly dependents: readonly CataloguePackage[]
  readonly namesakes: readonly CataloguePackage[]
  isInstalled(version: string): boolean
  readonly heldBy: number
  /** Of the version that is shown, where it is here. */
  readonly manifest?: { readonly files: readonly { readonly path: string; readonly size: number }[] }
}

/** Everything that the package's page shows. @throws Failure `PackageNotFound` while no release of it is here. */
export const packageToView = (found: CataloguePackage, extras: ViewExtras): PackageView => {
  const release = shownVersion(found)?.release?.release
  const summary = packageToSummary(found)
  if (release === undefined || summary === undefined) {
    throw new Failure('PackageNotFound', `The records of ${found.slug} have not arrived yet.`)
  }
  return {
    summary,
    displayName: release.displayName,
    authors: [...release.authors],
    keywords: [...release.keywords],
    repository: release.repository,
    dependencies: release.dependencies.map(dependencyToView),
    dependents: extras.dependents.map(({ id, slug }) => ({ id, slug })),
    versions: found.versions.flatMap((version) => versionToView(version, extras.isInstalled(version.version)) ?? []),
    ...(extras.manifest === undefined
      ? {}
      : { files: extras.manifest.files.map(({ path, size }) => ({ path, size })) }),
    heldBy: extras.heldBy,
    publisher: {
      id: found.publisher,
      name: found.identity.name,
      // The id is the hash of the identity's first document, so it stands for the keys and stays when they change.
      fingerprint: found.publisher,
      trust: extras.trust,
    },
    namesakes: extras.namesakes
      .filter(({ id }) => id !== found.id)
      .map(({ id, identity }) => ({ id, publisherName: identity.name })),
  }
}

const firstKnown = (found: CataloguePackage): CatalogueVersion | undefined =>
  found.versions.find(({ release }) => release !== undefined)

const versionToView = (version: CatalogueVersion, installed: boolean): VersionView | undefined => {
  const release = version.release?.release
  if (release === undefined) return undefined
  return {
    version: version.version,
    root: rootToText(release.root),
    size: release.size,
    fileCount: release.fileCount,
    publishedAt: release.publishedAt,
    yanked: version.yanked,
    installed,
    equivocation: version.equivocation,
  }
}

const dependencyToView = ({ name, range, optional, kind, ecosystem }: Dependency): DependencyView => ({
  name,
  range,
  optional,
  kind: isDependencyKind(kind) ? kind : 'unknown',
  ...(ecosystem === undefined || !isDependencyEcosystem(ecosystem) ? {} : { ecosystem }),
})
