import type { DependencyProblem } from '../contract/failure-reasons.ts'
import type { PackageId } from '../protocol/ids.ts'
import type { CataloguePackage, CatalogueVersion } from './catalogue.ts'
import type { ParsedRange } from './versions.ts'

/**
 * Chooses one version for every package that is needed, so that all ranges are kept.
 *
 * Packages are decided in the order in which they are needed, breadth first, each with the highest version that fits.
 * Where that leads nowhere, the search goes back to the latest decision that has to do with it (conflict-directed
 * backjumping, Prosser 1993), so it finds the same solution as trying everything in that order would, and one where
 * there is one, within `maxSteps`.
 */

export interface VersionChoice {
  readonly version: string
  readonly prerelease: boolean
  readonly source: CatalogueVersion
}

/** What one version of a package needs. */
export interface Edge {
  /** Tells optional edges apart, whichever version of the dependent they come from. */
  readonly key: string
  readonly name: string
  readonly range: ParsedRange
  readonly optional: boolean
  /** Why nothing can be chosen for it, whatever else is chosen. */
  readonly problem: DependencyProblem | undefined
  /** Versions that there are, where none fits. */
  readonly versions: readonly string[]
  readonly target: CataloguePackage | undefined
}

export interface Problem {
  readonly roots: readonly { readonly target: CataloguePackage; readonly range: ParsedRange }[]
  /** In the order of preference. */
  candidatesOf(target: CataloguePackage): readonly VersionChoice[]
  edgesOf(target: CataloguePackage, candidate: VersionChoice): readonly Edge[]
  /** Tells whether an edge must be kept; those with a `problem` are asked too. */
  isRequired(edge: Edge): boolean
  /** Packages of which a prerelease will do although a range asks for nothing in particular. */
  readonly prereleasesOf: ReadonlySet<PackageId>
  readonly maxSteps: number
}

export interface Want {
  /** Undefined for what was asked for. */
  readonly by: { readonly slug: string; readonly version: string } | undefined
  readonly range: string
}

export interface Conflict {
  readonly target: CataloguePackage
  readonly wants: readonly Want[]
}

export type Solution =
  | { readonly ok: true; readonly chosen: ReadonlyMap<PackageId, Chosen> }
  | {
      readonly ok: false
      /** The first that was met: the one on the way that was preferred. */
      readonly conflict: Conflict | undefined
      readonly missing: Missing | undefined
      /** Packages of which a range names a prerelease that another range kept out. */
      readonly wantedPrereleases: ReadonlySet<PackageId>
      readonly gaveUp: boolean
    }

export interface Chosen {
  readonly target: CataloguePackage
  readonly candidate: VersionChoice
  /** What is wanted of it. */
  readonly ranges: readonly ParsedRange[]
}

export interface Missing {
  readonly by: { readonly slug: string; readonly version: string }
  readonly edge: Edge
}

interface Slot {
  readonly target: CataloguePackage
  readonly position: number
  readonly candidates: readonly VersionChoice[]
  readonly wants: { readonly by: Slot | undefined; readonly range: ParsedRange }[]
  next: number
  chosen: VersionChoice | undefined
  /** Slots before this one whose decisions ruled a candidate out. */
  readonly blamed: Set<Slot>
  /** What choosing has added, to take it back. */
  readonly demanded: Slot[]
  slotsBefore: number
}

export const solve = (problem: Problem): Solution => {
  const { roots, candidatesOf, edgesOf, isRequired, prereleasesOf, maxSteps } = problem
  const slotById = new Map<PackageId, Slot>()
  const slots: Slot[] = []
  const wantedPrereleases = new Set<PackageId>()
  let conflict: Conflict | undefined
  let missing: Missing | undefined
  let steps = 0

  const open = (target: CataloguePackage): Slot => {
    const known = slotById.get(target.id)
    if (known !== undefined) return known
    const slot: Slot = {
      target,
      position: slots.length,
      candidates: candidatesOf(target),
      wants: [],
      next: 0,
      chosen: undefined,
      blamed: new Set(),
      demanded: [],
      slotsBefore: 0,
    }
    slotById.set(target.id, slot)
    slots.push(slot)
    return slot
  }

  const accepts = ({ target, wants, candidates }: Slot, candidate: VersionChoice): boolean => {
    let anyOnly = true
    for (const { range } of wants) {
      if (range.any) continue
      if (!range.fits(candidate.version)) return false
      anyOnly = false
    }
    return (
      !candidate.prerelease || !anyOnly || prereleasesOf.has(target.id) || candidates.every((each) => each.prerelease)
    )
  }

  const takeBack = (slot: Slot): void => {
    for (const target of slot.demanded) target.wants.pop()
    slot.demanded.length = 0
    while (slots.length > slot.slotsBefore) {
      const dropped = slots.pop()
      if (dropped !== undefined) slotById.delete(dropped.target.id)
    }
    slot.chosen = undefined
  }

  const noteConflict = (slot: Slot): void => {
    conflict ??= {
      target: slot.target,
      wants: slot.wants.map(({ by, range }) => ({
        by: by?.chosen === undefined ? undefined : { slug: by.target.slug, version: by.chosen.version },
        range: range.text,
      })),
    }
  }

  /** Adds what a chosen candidate needs; false, with the blame noted, where it cannot be had. */
  const demand = (slot: Slot, { target, range }: { target: CataloguePackage; range: ParsedRange }): boolean => {
    const needed = open(target)
    needed.wants.push({ by: slot, range })
    slot.demanded.push(needed)
    if (needed.chosen !== undefined) {
      if (range.any || range.fits(needed.chosen.version)) return true
      if (needed.wants.every((want) => want.range === range || want.range.any)) noteWantedPrerelease(needed, range)
      if (needed !== slot) slot.blamed.add(needed)
    } else {
      if (needed.candidates.some((candidate) => accepts(needed, candidate))) return true
      for (const { by } of needed.wants) if (by !== undefined && by !== slot) slot.blamed.add(by)
    }
    noteConflict(needed)
    return false
  }

  const noteWantedPrerelease = ({ target, candidates }: Slot, range: ParsedRange): void => {
    if (candidates.some(({ prerelease, version }) => prerelease && range.fits(version)))
      wantedPrereleases.add(target.id)
  }

  const place = (slot: Slot, candidate: VersionChoice): boolean => {
    slot.chosen = candidate
    slot.slotsBefore = slots.length
    for (const edge of edgesOf(slot.target, candidate)) {
      if (!isRequired(edge)) continue
      if (edge.problem !== undefined || edge.target === undefined) {
        missing ??= { by: { slug: slot.target.slug, version: candidate.version }, edge }
        takeBack(slot)
        return false
      }
      if (!demand(slot, { target: edge.target, range: edge.range })) {
        takeBack(slot)
        return false
      }
    }
    return true
  }

  const advance = (slot: Slot): boolean => {
    while (slot.next < slot.candidates.length) {
      const candidate = slot.candidates[slot.next++]
      if (++steps > maxSteps || candidate === undefined) return false
      if (accepts(slot, candidate) && place(slot, candidate)) return true
    }
    return false
  }

  const restart = (slot: Slot): void => {
    slot.next = 0
    slot.blamed.clear()
  }

  for (const { target, range } of roots) open(target).wants.push({ by: undefined, range })
  for (const slot of slots) {
    if (slot.candidates.some((candidate) => accepts(slot, candidate))) continue
    noteConflict(slot)
    return { ok: false, conflict, missing, wantedPrereleases, gaveUp: false }
  }

  for (let at = 0; at < slots.length; ) {
    const slot = slots[at]
    if (slot === undefined) break
    if (advance(slot)) {
      at += 1
      continue
    }
    if (steps > maxSteps) return { ok: false, conflict, missing, wantedPrereleases, gaveUp: true }
    const blamed = new Set(slot.blamed)
    // It is needed, and its versions are ruled out, by those who want it.
    for (const { by } of slot.wants) if (by !== undefined) blamed.add(by)
    blamed.delete(slot)
    const culprit = latest(blamed)
    if (culprit === undefined) return { ok: false, conflict, missing, wantedPrereleases, gaveUp: false }
    for (let back = at; back > culprit.position; back--) {
      const undone = slots[back]
      if (undone === undefined) continue
      if (undone.chosen !== undefined) takeBack(undone)
      restart(undone)
    }
    takeBack(culprit)
    for (const each of blamed) if (each !== culprit) culprit.blamed.add(each)
    at = culprit.position
  }

  const chosen = new Map<PackageId, Chosen>()
  for (const { target, chosen: candidate, wants } of slots) {
    if (candidate !== undefined) chosen.set(target.id, { target, candidate, ranges: wants.map(({ range }) => range) })
  }
  return { ok: true, chosen }
}

const latest = (slots: Iterable<Slot>): Slot | undefined => {
  let found: Slot | undefined
  for (const slot of slots) if (found === undefined || slot.position > found.position) found = slot
  return found
}
