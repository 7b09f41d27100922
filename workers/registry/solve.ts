import type { DependencyProblem } from '../contract/failure-reasons.ts'
import type { PackageId } from '../protocol/ids.ts'
import type { CataloguePackage, CatalogueVersion } from './catalogue.ts'
import type { ParsedRange } from './parsed-range.ts'

/**
 * Chooses one version of every required package so that all ranges are satisfied.
 *
 * Packages are decided in breadth-first order of their dependencies, each with the highest version that fits. On a
 * conflict the search returns to the latest decision involved (conflict-directed backjumping, Prosser 1993). It finds
 * the same solution as chronological backtracking, if there is one within `maxSteps`.
 */

export interface VersionChoice {
  readonly version: string
  readonly prerelease: boolean
  readonly source: CatalogueVersion
}

/** A dependency of one version. */
export interface Edge {
  /** Identifies an edge, the same for all versions of the dependent. */
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
  /** Returns the candidates in order of preference. */
  candidatesOf(target: CataloguePackage): readonly VersionChoice[]
  edgesOf(target: CataloguePackage, candidate: VersionChoice): readonly Edge[]
  /** Returns whether an edge must be satisfied. Also called for edges with a `problem`. */
  isRequired(edge: Edge): boolean
  /** Packages that may be a prerelease although all ranges accept any version. */
  readonly prereleasesOf: ReadonlySet<PackageId>
  readonly maxSteps: number
}

export interface Want {
  /** Undefined if a person asked for it. */
  readonly by: { readonly slug: string; readonly version: string } | undefined
  readonly range: string
}

export interface Conflict {
  readonly target: CataloguePackage
  readonly wants: readonly Want[]
}

export type Solution = {
  /** Candidates tried. */
  readonly steps: number
} & (
  | { readonly ok: true; readonly chosen: ReadonlyMap<PackageId, Chosen> }
  | {
      readonly ok: false
      /** The first conflict, which the preferred choices led to. */
      readonly conflict: Conflict | undefined
      readonly missing: Missing | undefined
      /** Packages whose chosen stable version conflicts with a later range that a prerelease fits. */
      readonly wantedPrereleases: ReadonlySet<PackageId>
      readonly gaveUp: boolean
    }
)

export interface Chosen {
  readonly target: CataloguePackage
  readonly candidate: VersionChoice
  /** All ranges that it satisfies. */
  readonly ranges: readonly ParsedRange[]
}

export interface Missing {
  readonly by: { readonly slug: string; readonly version: string }
  readonly edge: Edge
}

interface Decision {
  readonly target: CataloguePackage
  readonly position: number
  readonly candidates: readonly VersionChoice[]
  readonly wants: { readonly by: Decision | undefined; readonly range: ParsedRange }[]
  next: number
  chosen: VersionChoice | undefined
  /** Earlier decisions that ruled a candidate out. */
  readonly conflictSet: Set<Decision>
  /** Decisions that the choice has added a range to, to undo it. */
  readonly constrained: Decision[]
  /** Number of decisions before the choice. */
  decisionsBefore: number
}

export const solve = (problem: Problem): Solution => {
  const { roots, candidatesOf, edgesOf, isRequired, prereleasesOf, maxSteps } = problem
  const decisionById = new Map<PackageId, Decision>()
  const decisions: Decision[] = []
  const wantedPrereleases = new Set<PackageId>()
  let conflict: Conflict | undefined
  let missing: Missing | undefined
  let steps = 0

  const decisionFor = (target: CataloguePackage): Decision => {
    const existing = decisionById.get(target.id)
    if (existing !== undefined) return existing
    const decision: Decision = {
      target,
      position: decisions.length,
      candidates: candidatesOf(target),
      wants: [],
      next: 0,
      chosen: undefined,
      conflictSet: new Set(),
      constrained: [],
      decisionsBefore: 0,
    }
    decisionById.set(target.id, decision)
    decisions.push(decision)
    return decision
  }

  const accepts = ({ target, wants, candidates }: Decision, candidate: VersionChoice): boolean => {
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

  const undo = (decision: Decision): void => {
    for (const target of decision.constrained) target.wants.pop()
    decision.constrained.length = 0
    while (decisions.length > decision.decisionsBefore) {
      const dropped = decisions.pop()
      if (dropped !== undefined) decisionById.delete(dropped.target.id)
    }
    decision.chosen = undefined
  }

  const noteConflict = (decision: Decision): void => {
    conflict ??= {
      target: decision.target,
      wants: decision.wants.map(({ by, range }) => ({
        by: by?.chosen === undefined ? undefined : { slug: by.target.slug, version: by.chosen.version },
        range: range.text,
      })),
    }
  }

  /** Adds a dependency of a chosen candidate. If it cannot be satisfied, extends the conflict set and returns false. */
  const addRange = (
    decision: Decision,
    { target, range }: { target: CataloguePackage; range: ParsedRange },
  ): boolean => {
    const needed = decisionFor(target)
    needed.wants.push({ by: decision, range })
    decision.constrained.push(needed)
    if (needed.chosen !== undefined) {
      if (range.any || range.fits(needed.chosen.version)) return true
      if (needed.wants.every((want) => want.range === range || want.range.any)) noteWantedPrerelease(needed, range)
      if (needed !== decision) decision.conflictSet.add(needed)
    } else {
      if (needed.candidates.some((candidate) => accepts(needed, candidate))) return true
      for (const { by } of needed.wants) if (by !== undefined && by !== decision) decision.conflictSet.add(by)
    }
    noteConflict(needed)
    return false
  }

  const noteWantedPrerelease = ({ target, candidates }: Decision, range: ParsedRange): void => {
    if (candidates.some(({ prerelease, version }) => prerelease && range.fits(version)))
      wantedPrereleases.add(target.id)
  }

  const choose = (decision: Decision, candidate: VersionChoice): boolean => {
    decision.chosen = candidate
    decision.decisionsBefore = decisions.length
    for (const edge of edgesOf(decision.target, candidate)) {
      if (!isRequired(edge)) continue
      if (edge.problem !== undefined || edge.target === undefined) {
        missing ??= { by: { slug: decision.target.slug, version: candidate.version }, edge }
        undo(decision)
        return false
      }
      if (!addRange(decision, { target: edge.target, range: edge.range })) {
        undo(decision)
        return false
      }
    }
    return true
  }

  const advance = (decision: Decision): boolean => {
    while (decision.next < decision.candidates.length) {
      const candidate = decision.candidates[decision.next++]
      if (++steps > maxSteps || candidate === undefined) return false
      if (accepts(decision, candidate) && choose(decision, candidate)) return true
    }
    return false
  }

  const restart = (decision: Decision): void => {
    decision.next = 0
    decision.conflictSet.clear()
  }

  for (const { target, range } of roots) decisionFor(target).wants.push({ by: undefined, range })
  for (const decision of decisions) {
    if (decision.candidates.some((candidate) => accepts(decision, candidate))) continue
    noteConflict(decision)
    return { ok: false, conflict, missing, wantedPrereleases, gaveUp: false, steps }
  }

  for (let at = 0; at < decisions.length; ) {
    const decision = decisions[at]
    if (decision === undefined) break
    if (advance(decision)) {
      at += 1
      continue
    }
    if (steps > maxSteps) return { ok: false, conflict, missing, wantedPrereleases, gaveUp: true, steps }
    const conflictSet = new Set(decision.conflictSet)
    // Its dependents require it, and their ranges rule its versions out.
    for (const { by } of decision.wants) if (by !== undefined) conflictSet.add(by)
    conflictSet.delete(decision)
    const backjump = latest(conflictSet)
    if (backjump === undefined) return { ok: false, conflict, missing, wantedPrereleases, gaveUp: false, steps }
    for (let back = at; back > backjump.position; back--) {
      const skipped = decisions[back]
      if (skipped === undefined) continue
      if (skipped.chosen !== undefined) undo(skipped)
      restart(skipped)
    }
    undo(backjump)
    for (const each of conflictSet) if (each !== backjump) backjump.conflictSet.add(each)
    at = backjump.position
  }

  const chosen = new Map<PackageId, Chosen>()
  for (const { target, chosen: candidate, wants } of decisions) {
    if (candidate !== undefined) chosen.set(target.id, { target, candidate, ranges: wants.map(({ range }) => range) })
  }
  return { ok: true, chosen, steps }
}

const latest = (decisions: Iterable<Decision>): Decision | undefined => {
  let found: Decision | undefined
  for (const decision of decisions) if (found === undefined || decision.position > found.position) found = decision
  return found
}
