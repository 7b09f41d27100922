import { Failure } from '../contract/failures.ts'
import type { WarningReason } from '../contract/reasons.ts'
import type { TrustState } from '../contract/views.ts'
import { displayId, type PackageId, type PublisherId, rootToText } from '../protocol/ids.ts'
import type { CataloguePackage, CatalogueVersion } from './catalogue.ts'
import { ambiguous, findAsked, type PackageSource, pickTrusted } from './find-package.ts'
import { isPrerelease, type ParsedRange, parseRange } from './parsed-range.ts'
import { type Chosen, type Edge, type Missing, type Solution, solve, type VersionChoice } from './solve.ts'

/**
 * Resolves requested specs to the packages to install.
 *
 * Guarantees: one version per package, the highest that satisfies all ranges (node-semver), found if one exists. Every
 * required dependency is included, or the failure names the missing one. Yanked versions are chosen only if already
 * installed or pinned, prereleases only if a range asks for them or there is no stable version, equivocations never.
 * Warnings list all skipped dependencies and versions. Only packages of the catalogue are considered.
 */

export interface ResolveDependencies {
  readonly catalogue: PackageSource
  trust(publisher: string): TrustState
  /** Installed versions, which may be chosen even if yanked. */
  readonly installed?: readonly VersionRef[]
  /** Versions from a lockfile, preferred if they fit, even if yanked. Not used yet. */
  readonly pinned?: readonly VersionRef[]
  /** Skips required dependencies that are not in the catalogue. */
  readonly allowMissing?: boolean
}

export interface VersionRef {
  readonly id: string
  readonly version: string
}

export interface Resolution {
  /** Dependencies before their dependents, except in cycles. */
  readonly packages: ResolvedRelease[]
  readonly warnings: WarningReason[]
  /** Versions that were tried. */
  readonly steps: number
}

export interface ResolvedRelease {
  readonly id: PackageId
  readonly publisher: PublisherId
  readonly slug: string
  readonly version: string
  readonly root: Uint8Array
  readonly rootText: string
  /** Sum of the file sizes (bytes). */
  readonly size: number
  /** Ids of the packages in this list that depend on it. */
  readonly requiredBy: string[]
  /** True if a person asked for it. */
  readonly asked: boolean
}

/**
 * @throws Failure `InvalidArgument`, `PackageNotFound`, `VersionNotFound`, `AmbiguousName`, `DependencyMissing`,
 * `DependencyConflict`, `Equivocation`.
 */
export const resolve = (specs: readonly string[], dependencies: ResolveDependencies): Resolution => {
  const { catalogue, trust, allowMissing = false } = dependencies
  const asked = specs.map((text) => findAsked(text, catalogue, trust))
  const roots = asked.map(({ target, spec }) => ({ target, range: parseRange(spec.range) }))
  const choices = createChoices(dependencies)
  for (const root of roots) assertChoosable(root, choices)
  const edges = createEdges(dependencies, choices, new Set(roots.map(({ target }) => target.id)))

  let steps = 0

  /** @param optional keys of the optional edges to satisfy; undefined means all. */
  const attempt = (optional: ReadonlySet<string> | undefined, skipMissing: boolean): Solution => {
    const prereleasesOf = new Set<PackageId>()
    for (;;) {
      const solution = solve({
        roots,
        prereleasesOf,
        maxSteps,
        candidatesOf: choices.of,
        edgesOf: edges.of,
        isRequired: (edge) =>
          edge.optional
            ? edge.problem === undefined && (optional === undefined || optional.has(edge.key))
            : edge.problem === undefined || !skipMissing,
      })
      steps += solution.steps
      if (solution.ok) return solution
      const wanted = [...solution.wantedPrereleases].filter((id) => !prereleasesOf.has(id))
      if (wanted.length === 0) return solution
      for (const id of wanted) prereleasesOf.add(id)
    }
  }

  const everything = attempt(undefined, allowMissing)
  const kept = new Set<string>()
  let solution = everything
  if (!everything.ok) {
    solution = attempt(kept, allowMissing)
    if (solution.ok) solution = addOptional(solution, kept, edges, (keys) => attempt(keys, allowMissing))
  }
  if (!solution.ok) throw explain(solution, !allowMissing && attempt(new Set(), true).ok)
  const resolution = toResolution(solution.chosen, { roots: new Set(roots.map(({ target }) => target.id)), edges })
  return { ...resolution, steps }
}

/** Maximum number of candidates per search. A graph of 1,000 packages takes as many; hostile ones may take more. */
const maxSteps = 50_000

/** Maximum number of optional dependencies tried one by one if not all can be satisfied. */
const maxOptionalAttempts = 64

/** The versions of each package that may be chosen. */
interface Choices {
  of(target: CataloguePackage): readonly VersionChoice[]
}

const createChoices = ({ installed = [], pinned = [] }: ResolveDependencies): Choices => {
  const refs = (list: readonly VersionRef[]): ReadonlySet<string> =>
    new Set(list.map(({ id, version }) => `${id}@${version}`))
  const [installedRefs, pinnedRefs] = [refs(installed), refs(pinned)]
  const known = new Map<PackageId, readonly VersionChoice[]>()

  const build = ({ id, versions }: CataloguePackage): VersionChoice[] => {
    const candidates: VersionChoice[] = []
    for (const source of versions) {
      const ref = `${id}@${source.version}`
      if (source.release === undefined || source.equivocation) continue
      if (source.yanked && !installedRefs.has(ref) && !pinnedRefs.has(ref)) continue
      const candidate = { version: source.version, prerelease: isPrerelease(source.version), source }
      if (pinnedRefs.has(ref)) candidates.unshift(candidate)
      else candidates.push(candidate)
    }
    return candidates
  }

  return {
    of(target) {
      let candidates = known.get(target.id)
      if (candidates === undefined) {
        candidates = build(target)
        known.set(target.id, candidates)
      }
      return candidates
    },
  }
}

/** Says why nothing can be chosen for what was asked. */
const assertChoosable = (root: { target: CataloguePackage; range: ParsedRange }, choices: Choices): void => {
  const { target, range } = root
  if (choices.of(target).some(({ version }) => range.any || range.fits(version))) return
  const name = displayId(target.identity.name, target.id)
  const fitting = target.versions.filter(({ version }) => range.any || range.fits(version))
  const twice = fitting.find(({ equivocation }) => equivocation)
  if (twice !== undefined) {
    throw new Failure('Equivocation', { code: 'two-contents', package: name, version: twice.version })
  }
  if (fitting.length > 0 && fitting.every(({ yanked }) => yanked)) {
    throw new Failure('VersionNotFound', {
      code: 'version-yanked',
      package: name,
      versions: fitting.slice(0, maxListed).map(({ version }) => version),
      ...otherVersions(target, choices),
    })
  }
  if (fitting.length > 0) {
    throw new Failure('VersionNotFound', {
      code: 'version-record-not-here',
      package: name,
      version: fitting[0]?.version ?? '',
      ...otherVersions(target, choices),
    })
  }
  throw new Failure('VersionNotFound', {
    code: 'no-version-fits',
    package: name,
    range: range.text,
    complete: target.complete,
    ...otherVersions(target, choices),
  })
}

/** Versions in one failure; a person reads no more. */
const maxListed = 12

const otherVersions = (target: CataloguePackage, choices: Choices): { others: string[]; more: number } => {
  const versions = choices.of(target).map(({ version }) => version)
  const others = versions.slice(0, maxListed)
  return { others, more: versions.length - others.length }
}

/** The dependencies of each version. */
interface Edges {
  /** @throws Failure `AmbiguousName` if the name of a required dependency fits several packages. */
  of(target: CataloguePackage, candidate: VersionChoice): readonly Edge[]
  /** Returns the edges of a version that `of` has built; empty for others. */
  seen(source: CatalogueVersion): readonly Edge[]
}

const createEdges = (
  { catalogue, trust }: ResolveDependencies,
  choices: Choices,
  asked: ReadonlySet<PackageId>,
): Edges => {
  const known = new Map<CatalogueVersion, readonly Edge[]>()

  /** Returns one package if the name is unambiguous, else all candidates or none. */
  const findTargets = (
    name: string,
    id: string | undefined,
    dependent: CataloguePackage,
  ): readonly CataloguePackage[] => {
    if (id !== undefined) return [catalogue.get(id) ?? []].flat()
    const namesakes = catalogue.bySlug(name)
    if (namesakes.length < 2) return namesakes
    // In order: requested by the person, by the same publisher, by a trusted publisher.
    const named = namesakes.filter((each) => asked.has(each.id))
    const own = namesakes.filter(({ publisher }) => publisher === dependent.publisher)
    const found = (named.length === 1 ? named[0] : own[0]) ?? pickTrusted(namesakes, trust)
    return found === undefined ? namesakes : [found]
  }

  const build = (dependent: CataloguePackage, { source, version }: VersionChoice): Edge[] => {
    const edges: Edge[] = []
    for (const { kind, name, id, range: text, optional } of source.release?.release.dependencies ?? []) {
      if (kind !== 'package' && kind !== 'unknown') continue
      const targets = findTargets(name, id, dependent)
      if (targets.length > 1 && !optional) {
        throw ambiguous(name, `${dependent.slug} ${version}`, targets)
      }
      const range = parseRange(text)
      const target = targets.length === 1 ? targets[0] : undefined
      const base = { key: `${dependent.id}>${id ?? name}`, name, range, optional, target }
      edges.push({ ...base, ...findProblem(base, targets.length > 1) })
    }
    return edges
  }

  const findProblem = (
    { range, target }: Omit<Edge, 'problem' | 'versions'>,
    several: boolean,
  ): Pick<Edge, 'problem' | 'versions'> => {
    const because = (problem: Edge['problem'], versions: string[] = []) => ({ problem, versions })
    if (several) return because('ambiguous')
    if (target === undefined) return because('not-in-catalogue')
    const candidates = choices.of(target)
    if (candidates.some(({ version }) => range.any || range.fits(version))) return because(undefined)
    const versions = candidates.map(({ version }) => version)
    if (target.versions.some(({ version, equivocation }) => equivocation && (range.any || range.fits(version)))) {
      return because('two-contents')
    }
    return versions.length === 0
      ? because('none-installable')
      : because('no-version-fits', versions.slice(0, maxListed))
  }

  return {
    seen: (source) => known.get(source) ?? [],
    of(target, candidate) {
      let edges = known.get(candidate.source)
      if (edges === undefined) {
        edges = build(target, candidate)
        known.set(candidate.source, edges)
      }
      return edges
    },
  }
}

type Solved = Extract<Solution, { ok: true }>
type Unsolved = Extract<Solution, { ok: false }>

/** Adds optional edges one by one and keeps those that leave a solution. */
const addOptional = (
  base: Solved,
  kept: Set<string>,
  edges: Edges,
  attempt: (keys: ReadonlySet<string>) => Solution,
): Solved => {
  const tried = new Set<string>()
  let solution = base
  const nextKey = (): string | undefined => {
    for (const { target, candidate } of solution.chosen.values()) {
      for (const { key, optional, problem } of edges.of(target, candidate)) {
        if (optional && problem === undefined && !tried.has(key)) return key
      }
    }
    return undefined
  }
  for (let key = nextKey(); key !== undefined && tried.size < maxOptionalAttempts; key = nextKey()) {
    tried.add(key)
    const better = attempt(new Set([...kept, key]))
    if (!better.ok) {
      if (better.gaveUp) break
      continue
    }
    kept.add(key)
    solution = better
  }
  return solution
}

const explain = (unsolved: Unsolved, solvedByMissing: boolean): Failure => {
  const { conflict, missing, gaveUp } = unsolved
  if (missing !== undefined && (solvedByMissing || conflict === undefined)) return explainMissing(missing)
  const attempts = gaveUp ? maxSteps : undefined
  if (conflict === undefined) return new Failure('DependencyConflict', { code: 'dependencies-unsolvable', attempts })
  const wants = conflict.wants.slice(0, maxListed)
  return new Failure('DependencyConflict', {
    code: 'dependency-conflict',
    package: conflict.target.slug,
    by: wants.map(({ by }) => (by === undefined ? '' : `${by.slug} ${by.version}`)),
    ranges: wants.map(({ range }) => range),
    attempts,
  })
}

const explainMissing = ({ by, edge }: Missing): Failure =>
  new Failure('DependencyMissing', {
    code: 'dependency-missing',
    dependent: `${by.slug} ${by.version}`,
    dependency: edge.name,
    range: edge.range.text,
    problem: edge.problem ?? 'not-in-catalogue',
    versions: edge.versions,
  })

const toResolution = (
  chosen: ReadonlyMap<PackageId, Chosen>,
  context: { readonly roots: ReadonlySet<PackageId>; readonly edges: Edges },
): Omit<Resolution, 'steps'> => {
  const { roots, edges } = context
  const warnings: WarningReason[] = []
  const requiredBy = new Map<PackageId, string[]>([...chosen.keys()].map((id) => [id, []]))
  const needs = new Map<PackageId, PackageId[]>()
  for (const [id, each] of chosen) {
    const { target, candidate } = each
    const list: PackageId[] = []
    needs.set(id, list)
    for (const edge of edges.of(target, candidate)) {
      const needed = edge.target === undefined ? undefined : chosen.get(edge.target.id)
      const satisfied =
        edge.problem === undefined &&
        needed !== undefined &&
        (edge.range.any || edge.range.fits(needed.candidate.version))
      if (satisfied) {
        list.push(needed.target.id)
        const by = requiredBy.get(needed.target.id)
        if (by !== undefined && !by.includes(id)) by.push(id)
      } else {
        warnings.push({
          code: edge.optional ? 'optional-left-out' : 'required-skipped',
          dependency: edge.name,
          range: edge.range.text,
          dependent: `${target.slug} ${candidate.version}`,
          problem: edge.problem ?? 'conflict',
          versions: edge.versions,
        })
      }
    }
    warnings.push(...warnOf(each, edges))
  }
  const packages = sortByNeed(needs).flatMap((id): ResolvedRelease[] => {
    const each = chosen.get(id)
    const release = each?.candidate.source.release?.release
    if (each === undefined || release === undefined) return []
    return [
      {
        id,
        publisher: each.target.publisher,
        slug: each.target.slug,
        version: each.candidate.version,
        root: release.root,
        rootText: toText(release.root),
        size: release.size,
        requiredBy: requiredBy.get(id) ?? [],
        asked: roots.has(id),
      },
    ]
  })
  return { packages, warnings }
}

const textByRoot = new WeakMap<Uint8Array, string>()

/** Memoised: encoding roots is most of the work for a large graph. */
const toText = (root: Uint8Array): string => {
  let text = textByRoot.get(root)
  if (text === undefined) {
    text = rootToText(root)
    textByRoot.set(root, text)
  }
  return text
}

/** Returns what a person should know before this choice is installed. */
const warnOf = ({ target, candidate, ranges }: Chosen, edges: Edges): WarningReason[] => {
  const chosen = { package: target.slug, version: candidate.version }
  const warnings: WarningReason[] = []
  if (candidate.source.yanked) warnings.push({ code: 'yanked-chosen', ...chosen })
  if (target.disputed) warnings.push({ code: 'publisher-disputed', ...chosen })
  if (target.contested) warnings.push({ code: 'publisher-contested', ...chosen })
  for (const source of target.versions) {
    if (source.version === candidate.version) break
    if (!ranges.every((range) => range.any || range.fits(source.version))) continue
    const passedOver = { package: target.slug, version: source.version }
    const missing = edges.seen(source).find(isMissing)
    if (source.equivocation) {
      warnings.push({ code: 'passed-over-two-contents', ...passedOver })
    } else if (missing?.problem !== undefined) {
      const { name: dependency, problem, versions } = missing
      warnings.push({ code: 'passed-over-missing', ...passedOver, dependency, problem, versions })
    }
  }
  return warnings
}

const isMissing = ({ optional, problem }: Edge): boolean => !optional && problem !== undefined

/** Sorts dependencies before their dependents, depth first. No recursion: chains may be long. */
const sortByNeed = (needs: ReadonlyMap<PackageId, readonly PackageId[]>): PackageId[] => {
  const sorted: PackageId[] = []
  const seen = new Set<PackageId>()
  for (const start of needs.keys()) {
    if (seen.has(start)) continue
    seen.add(start)
    const path: { id: PackageId; next: number }[] = [{ id: start, next: 0 }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const needed = needs.get(top.id)?.[top.next++]
      if (needed === undefined) {
        sorted.push(top.id)
        path.pop()
      } else if (!seen.has(needed)) {
        seen.add(needed)
        path.push({ id: needed, next: 0 })
      }
    }
  }
  return sorted
}
