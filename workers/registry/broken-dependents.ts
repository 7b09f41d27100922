import type { Dependency } from '../protocol/release.ts'
import { parseRange } from './parsed-range.ts'

/**
 * Finds the installed packages that break, directly or transitively, when one is removed.
 *
 * Pure. A package breaks when the removal leaves a required dependency unsatisfied that was satisfied before. Optional
 * dependencies, tools of other ecosystems and dependencies that were already unsatisfied break nothing. Dependencies
 * come from the release; a package without one never breaks.
 */
export interface InstalledPackage {
  readonly id: string
  readonly slug: string
  readonly version: string
}

/** Returns each broken package once: direct dependents first, then in the order of `installed`. */
export const findBroken = <T extends InstalledPackage>(
  removed: InstalledPackage,
  installed: readonly T[],
  dependenciesOf: (entry: T) => readonly Dependency[],
): T[] => {
  const byId = groupBy(installed, ({ id }) => id)
  const bySlug = groupBy(installed, ({ slug }) => slug)

  /** Returns the ids that a dependency may refer to. Among equal names the same publisher's package wins. */
  const candidateIds = (dependent: T, { name, id }: Dependency): ReadonlySet<string> => {
    if (id !== undefined) return new Set([id])
    const ids = (bySlug.get(name) ?? []).map((entry) => entry.id)
    const own = ids.filter((each) => publisherOf(each) === publisherOf(dependent.id))
    return new Set(own.length > 0 ? own : ids)
  }

  /** Needs by id and range. */
  const needs = new Map<string, Need>()
  const needsByRef = new Map<string, Need[]>()
  const needOf = (id: string, text: string): Need => {
    const key = `${id} ${text}`
    const existing = needs.get(key)
    if (existing !== undefined) return existing
    const range = parseRange(text)
    const fitting = (byId.get(id) ?? []).filter(({ version }) => range.any || range.fits(version))
    const need: Need = { left: fitting.length, dependents: [] }
    needs.set(key, need)
    for (const ref of fitting.map(refOf)) needsByRef.set(ref, append(needsByRef.get(ref), need))
    return need
  }
  for (const [at, entry] of installed.entries()) {
    for (const dependency of dependenciesOf(entry)) {
      const { kind, optional, range } = dependency
      if (optional || (kind !== 'package' && kind !== 'unknown')) continue
      // If a name is ambiguous, losing any of the candidates counts.
      for (const id of candidateIds(entry, dependency)) needOf(id, range).dependents.push(at)
    }
  }

  // Each lost version decrements its needs once, so the work is linear in the number of dependencies.
  const lost = new Set([refOf(removed)])
  const broken: T[] = []
  let frontier = [refOf(removed)]
  while (frontier.length > 0) {
    const unmet = frontier.flatMap((ref) => needsByRef.get(ref) ?? []).filter((need) => --need.left === 0)
    const next = [...new Set(unmet.flatMap(({ dependents }) => dependents))]
      .sort((a, b) => a - b)
      .flatMap((at) => installed[at] ?? [])
      .filter((entry) => !lost.has(refOf(entry)))
    frontier = next.map(refOf)
    for (const ref of frontier) lost.add(ref)
    broken.push(...next)
  }
  return broken
}

/** A range of one package that installed packages require. */
interface Need {
  /** Number of remaining installed versions that satisfy it. */
  left: number
  /** Indices into `installed`. */
  readonly dependents: number[]
}

const groupBy = <T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of list) groups.set(keyOf(item), append(groups.get(keyOf(item)), item))
  return groups
}

/** Appends to the list in place, or creates one. */
const append = <T>(list: T[] | undefined, item: T): T[] => {
  if (list === undefined) return [item]
  list.push(item)
  return list
}

const refOf = ({ id, version }: InstalledPackage): string => `${id}@${version}`

const publisherOf = (id: string): string => id.slice(0, id.indexOf('/'))
