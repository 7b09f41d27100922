import type { Dependency } from '../protocol/release.ts'
import { parseRange } from './versions.ts'

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

  /** Ids that a dependency can mean: by name, the same publisher's package counts before those of others. */
  const meantBy = (dependent: T, { name, id }: Dependency): ReadonlySet<string> => {
    if (id !== undefined) return new Set([id])
    const ids = (bySlug.get(name) ?? []).map((entry) => entry.id)
    const own = ids.filter((each) => publisherOf(each) === publisherOf(dependent.id))
    return new Set(own.length > 0 ? own : ids)
  }

  /** A range of one package, the installed versions that meet it, and what needs it. */
  const needs = new Map<string, Need>()
  const needsByRef = new Map<string, Need[]>()
  const needOf = (id: string, text: string): Need => {
    const key = `${id} ${text}`
    const known = needs.get(key)
    if (known !== undefined) return known
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
      // Of several packages that can be meant, nobody knows which one was: losing any of them counts.
      for (const id of meantBy(entry, dependency)) needOf(id, range).dependents.push(at)
    }
  }

  // Each need is met by one version less once for each that goes, so the work grows with the dependencies alone.
  const gone = new Set([refOf(leaving)])
  const broken: T[] = []
  let going = [refOf(leaving)]
  while (going.length > 0) {
    const lost = going.flatMap((ref) => needsByRef.get(ref) ?? []).filter((need) => --need.left === 0)
    const next = [...new Set(lost.flatMap(({ dependents }) => dependents))]
      .sort((a, b) => a - b)
      .flatMap((at) => installed[at] ?? [])
      .filter((entry) => !gone.has(refOf(entry)))
    going = next.map(refOf)
    for (const ref of going) gone.add(ref)
    broken.push(...next)
  }
  return broken
}

interface Need {
  /** Installed versions that meet it and stay. */
  left: number
  /** Places in the list of what is installed. */
  readonly dependents: number[]
}

const groupBy = <T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>()
  for (const item of list) groups.set(keyOf(item), append(groups.get(keyOf(item)), item))
  return groups
}

/** The list itself, with the item at its end. */
const append = <T>(list: T[] | undefined, item: T): T[] => {
  if (list === undefined) return [item]
  list.push(item)
  return list
}

const refOf = ({ id, version }: InstalledPackage): string => `${id}@${version}`

const publisherOf = (id: string): string => id.slice(0, id.indexOf('/'))
