import { type ChangedPackages, joinChanged } from '../contract/updates.ts'
import type { PackageId } from '../protocol/ids.ts'
import type { Registry } from '../registry/registry.ts'

/**
 * Names the packages whose pages change together with these: the packages themselves, their namesakes, and their
 * dependencies, which list them as dependents. Bounded: a change of very many packages is named `many`. Not guaranteed:
 * dropped dependencies are not named; the page knows which dependents it shows.
 */
export const changedViews = (
  packages: readonly PackageId[],
  { get, bySlug }: Pick<Registry, 'get' | 'bySlug'>,
): ChangedPackages => {
  // Skips the lookups when the result would be `many` anyway.
  let changed = joinChanged(packages, [])
  for (const id of packages) {
    if (changed === 'many') break
    changed = joinChanged(changed, idsOf(bySlug(slugOf(id))))
    for (const { name, id: target, kind } of get(id)?.latest?.release?.release.dependencies ?? []) {
      if (kind !== 'package' && kind !== 'unknown') continue
      changed = joinChanged(changed, target === undefined ? idsOf(bySlug(name)) : [target])
    }
  }
  return changed
}

const idsOf = (packages: readonly { readonly id: string }[]): string[] => packages.map(({ id }) => id)

const slugOf = (id: string): string => id.slice(id.indexOf('/') + 1)
