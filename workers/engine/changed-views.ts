import { type ChangedPackages, joinChanged } from '../contract/updates.ts'
import type { PackageId } from '../protocol/ids.ts'
import type { Registry } from '../registry/registry.ts'

/**
 * The packages whose page shows something else once these have changed: themselves, their namesakes, and what they
 * depend on, which lists them as dependents. Bounded: a change of very many is named `many`. Not guaranteed: what a
 * package no longer depends on is not named; the page knows which dependents it shows.
 */
export const changedViews = (
  packages: readonly PackageId[],
  { get, bySlug }: Pick<Registry, 'get' | 'bySlug'>,
): ChangedPackages => {
  // What would end as `many` anyway is not looked at.
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
