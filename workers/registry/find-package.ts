import { Failure } from '../contract/failures.ts'
import type { TrustState } from '../contract/views.ts'
import { displayId, packageId, parseSpec, type Spec } from '../protocol/ids.ts'
import type { CataloguePackage } from './catalogue.ts'

/**
 * Finds the package that a person or a dependency names. If several publishers use the name, the only trusted one is
 * chosen; otherwise the person must choose (docs/protocol.md §4).
 */

export interface PackageSource {
  get(id: string): CataloguePackage | undefined
  bySlug(slug: string): readonly CataloguePackage[]
}

export interface Asked {
  readonly target: CataloguePackage
  readonly spec: Spec
}

/** @throws Failure `InvalidArgument`, `PackageNotFound`, `AmbiguousName`. */
export const findAsked = (text: string, catalogue: PackageSource, trust: (publisher: string) => TrustState): Asked => {
  const parsed = parseSpec(text)
  if (!parsed.ok) throw new Failure('InvalidArgument', { code: 'malformed-spec', spec: text })
  const spec = parsed.value
  if (spec.publisher !== undefined) {
    const target = catalogue.get(packageId(spec.publisher, spec.slug))
    if (target === undefined) throw notFound(text)
    return { target, spec }
  }
  const namesakes = catalogue.bySlug(spec.slug)
  const { publisherName, publisherPrefix } = spec
  // A part of the id identifies better than a name, which its publisher can change.
  const meant = namesakes.filter(({ publisher, identity }) =>
    publisherPrefix === undefined
      ? publisherName === undefined || identity.name === publisherName
      : publisher.startsWith(publisherPrefix),
  )
  if (meant.length === 0) throw notFound(text, namesakes)
  const target = pickTrusted(meant, trust)
  if (target === undefined) throw ambiguous(text.trim(), undefined, meant)
  return { target, spec }
}

/** Returns the only candidate, or the only one with a trusted publisher. */
export const pickTrusted = (
  candidates: readonly CataloguePackage[],
  trust: (publisher: string) => TrustState,
): CataloguePackage | undefined => {
  if (candidates.length < 2) return candidates[0]
  const trusted = candidates.filter(({ publisher }) => trust(publisher) !== 'new')
  return trusted.length === 1 ? trusted[0] : undefined
}

/** @param dependent what needs the package, when no person asked for it. */
export const ambiguous = (
  spec: string,
  dependent: string | undefined,
  candidates: readonly CataloguePackage[],
): Failure => {
  const { ids, more } = firstIds(candidates)
  return new Failure('AmbiguousName', { code: 'ambiguous-name', spec, dependent, candidates: ids, more })
}

/** Packages in one failure; a person reads no more. */
const maxListed = 8

const firstIds = (packages: readonly CataloguePackage[]): { ids: string[]; more: number } => {
  const ids = packages.slice(0, maxListed).map(({ identity, id }) => displayId(identity.name, id))
  return { ids, more: packages.length - ids.length }
}

const notFound = (text: string, namesakes: readonly CataloguePackage[] = []): Failure => {
  const { ids, more } = firstIds(namesakes)
  return new Failure('PackageNotFound', { code: 'not-in-catalogue', spec: text.trim(), namesakes: ids, more })
}
