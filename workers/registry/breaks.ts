import type { Dependency } from '../protocol/release.ts'
import { toRange } from './versions.ts'

/**
 * Which installed packages break when one is removed: those that need it, and those that need these in turn.
 *
 * Pure. A package breaks when a dependency that it requires was met by what is installed and is not any more. An
 * optional dependency, a tool of another ecosystem, and a dependency that was not met before break nothing. What an
 * installed version depends on is known from its release; where that is not here, nothing is said of it.
 */
export interface InstalledPackage {
  readonly id: string
  readonly slug: string
  readonly version: string
}

/** Direct dependents first; each once, in the order of `installed`. */
export const findBroken = <T extends InstalledPackage>(
  leaving: InstalledPackage,
  installed: readonly T[],
  dependenciesOf: (entry: T) => readonly Dependency[],
): T[] => {
  const byId = groupBy(installed, ({ id }) => id)
  const bySlug = groupBy(installed, ({ slug }) => slug)
  const gone = new Set([refOf(leaving)])

  /** Ids that a dependency can mean: by name, the same publisher's package counts before those of others. */
  const meantBy = (dependent: T, { name, id }: Dependency): ReadonlySet<string> => {
    if (id !== undefined) return new Set([id])
    const ids = (bySlug.get(name) ?? []).map((entry) => entry.id)
    const own = ids.filter((each) => publisherOf(each) === publisherOf(dependent.id))
    return new Set(own.length > 0 ? own : ids)
  }

  /** Of several packages that can be meant, nobody knows which one was: losing any of them counts. */
  const isLost = (dependent: T, dependency: Dependency): boolean => {
    const { kind, optional, range: text } = dependency
    if (optional || (kind !== 'package' && kind !== 'unknown')) return false
    const range = toRange(text)
    return [...meantBy(dependent, dependency)].some((id) => {
      const fitting = (byId.get(id) ?? []).filter(({ version }) => range.any || range.fits(version))
      return fitting.length > 0 && fitting.every((entry) => gone.has(refOf(entry)))
    })
  }

  const broken: T[] = []
  for (;;) {
    const next = installed.filter(
      (entry) => !gone.has(refOf(entry)) && dependenciesOf(entry).some((dependency) => isLost(entry, dependency)),
    )
    if (next.length === 0) return broken
    for (const entry of next) gone.add(refOf(entry))
    broken.push(...next)
  }
}

const groupBy = <T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of list) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

const refOf = ({ id, version }: InstalledPackage): string => `${id}@${version}`

const publisherOf = (id: string): string => id.slice(0, id.indexOf('/'))
