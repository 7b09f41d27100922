import fc from 'fast-check'
import { maxSatisfying, satisfies } from 'semver'
import { expect, test } from 'vitest'
import { Failure, type FailureView } from '../contract/failures.ts'
import type { TrustState } from '../contract/views.ts'
import { packageId, shortPublisher } from '../protocol/ids.ts'
import type { Dependency, Release } from '../protocol/release.ts'
import { compareVersions } from '../protocol/versions-and-ranges.ts'
import { createTestPublisher, rootOf } from '../testing/test-publisher.ts'
import type { CataloguePackage, CatalogueVersion } from './catalogue.ts'
import { pickOffered } from './offered-version.ts'
import { type ResolveDependencies, resolve } from './resolve.ts'

const publishers = await Promise.all([1, 2].map((number) => createTestPublisher(number, `name-${number}`)))
const [alice, bob] = publishers.map(({ identity }) => identity)
if (alice === undefined || bob === undefined) throw new Error('no publishers')

type Needs = Record<string, string | Partial<Dependency>>
type Shape = Record<string, Needs | (Partial<CatalogueVersion> & { needs?: Needs })>

/** Builds a catalogue package from versions and dependencies. Unsigned: the resolver checks no signatures. */
const makePackage = (slug: string, shape: Shape, identity = alice): CataloguePackage => {
  const id = packageId(identity.publisherId, slug)
  const versions = Object.entries(shape).map(([version, given]): CatalogueVersion => {
    const isFull = ['needs', 'yanked', 'equivocation', 'release'].some((key) => key in given)
    const { needs = {}, ...marks } = (isFull ? given : { needs: given }) as Partial<CatalogueVersion> & {
      needs?: Needs
    }
    const dependencies = Object.entries(needs).map(
      ([name, need]): Dependency => ({
        kind: 'package',
        name,
        range: '*',
        optional: false,
        ...(typeof need === 'string' ? { range: need } : need),
      }),
    )
    const release: Release = {
      v: 1,
      publisher: identity.publisherId,
      slug,
      version,
      root: rootOf(version.length),
      size: 10,
      fileCount: 1,
      dependencies,
      seq: 1,
      prevRelease: null,
      publishedAt: 1,
      displayName: slug,
      description: '',
      category: 'c',
      tags: [],
      keywords: [],
      license: '',
      authors: [],
      repository: '',
      hasTemplates: false,
    }
    const verified = { release, hash: rootOf(1), bytes: new Uint8Array() }
    return { version, yanked: false, equivocation: false, release: verified, otherReleases: [], ...marks }
  })
  versions.sort((a, b) => compareVersions(b.version, a.version))
  return {
    id,
    publisher: identity.publisherId,
    slug,
    identity,
    disputed: false,
    contested: false,
    complete: true,
    head: {
      head: { v: 1, publisher: identity.publisherId, slug, seq: 1, versions: [], latest: '', older: null },
      hash: rootOf(1),
      bytes: new Uint8Array(),
    },
    entries: [],
    versions,
    latest: pickOffered(versions),
  }
}

const catalogueOf = (...packages: CataloguePackage[]): ResolveDependencies['catalogue'] => {
  const byId = new Map(packages.map((each) => [each.id as string, each]))
  return { get: (id) => byId.get(id), bySlug: (slug) => packages.filter((each) => each.slug === slug) }
}

const run = (
  specs: readonly string[],
  packages: readonly CataloguePackage[],
  options: Partial<ResolveDependencies> = {},
) => resolve(specs, { catalogue: catalogueOf(...packages), trust: () => 'new', ...options })

const chosen = (...given: Parameters<typeof run>): string[] =>
  run(...given).packages.map(({ slug, version }) => `${slug}@${version}`)

const failure = (...given: Parameters<typeof run>): FailureView => {
  try {
    run(...given)
  } catch (error) {
    if (error instanceof Failure) return { name: error.name, reason: error.reason }
  }
  return { name: 'none', reason: { code: 'unknown' } }
}

test('chooses the highest version that fits, with its dependencies before it', () => {
  const packages = [
    makePackage('app', { '1.0.0': { lib: '^1.0.0' }, '2.0.0': { lib: '^1.1.0', base: '>=1' } }),
    makePackage('lib', { '1.0.0': {}, '1.2.0': { base: '^1.0.0' }, '2.0.0': {} }),
    makePackage('base', { '1.0.0': {}, '1.5.0': {}, '2.0.0': {} }),
  ]
  expect(chosen(['app'], packages)).toEqual(['base@1.5.0', 'lib@1.2.0', 'app@2.0.0'])
  expect(chosen(['app@^1.0.0'], packages)).toEqual(['base@1.5.0', 'lib@1.2.0', 'app@1.0.0'])
  const { packages: resolved } = run(['app', 'base@1'], packages)
  expect(resolved.map(({ slug, asked }) => [slug, asked])).toEqual([
    ['base', true],
    ['lib', false],
    ['app', true],
  ])
  const ids = Object.fromEntries(resolved.map(({ slug, id }) => [slug, id]))
  expect(resolved.map(({ requiredBy }) => [...requiredBy].sort())).toEqual([
    [ids['app'], ids['lib']].sort(),
    [ids['app']],
    [],
  ])
  expect(resolved[0]?.rootText).toMatch(/^bafy/)
})

test('dependents share one version that fits all of them, even if the search must backtrack', () => {
  const packages = [
    makePackage('app', { '1.0.0': { a: '*', b: '*' } }),
    makePackage('a', { '1.0.0': { shared: '^1.0.0' }, '2.0.0': { shared: '^2.0.0' } }),
    makePackage('b', { '1.0.0': { shared: '^1.0.0' } }),
    makePackage('shared', { '1.0.0': {}, '1.9.0': {}, '2.0.0': {} }),
  ]
  expect(chosen(['app'], packages)).toEqual(['shared@1.9.0', 'a@1.0.0', 'b@1.0.0', 'app@1.0.0'])
})

test('chooses prereleases only if a range asks for them or there is no stable version', () => {
  const packages = [
    makePackage('kit', { '1.0.0': {}, '2.0.0-beta.1': {} }),
    makePackage('early', { '0.1.0-alpha.1': {}, '0.1.0-alpha.2': {} }),
    makePackage('app', { '1.0.0': { kit: '*', next: '*' } }),
    makePackage('next', { '1.0.0': { kit: '^2.0.0-beta.0' } }),
  ]
  expect(chosen(['kit'], packages)).toEqual(['kit@1.0.0'])
  expect(chosen(['kit@>=1'], packages)).toEqual(['kit@1.0.0'])
  expect(chosen(['kit@^2.0.0-beta'], packages)).toEqual(['kit@2.0.0-beta.1'])
  expect(chosen(['early'], packages)).toEqual(['early@0.1.0-alpha.2'])
  expect(failure(['early@^0.1.0'], packages).name).toBe('VersionNotFound')
  // Requested by a package that is decided after the version was chosen.
  expect(chosen(['app'], packages)).toContain('kit@2.0.0-beta.1')
})

test('chooses yanked versions only if they are installed or pinned', () => {
  const kit = makePackage('kit', { '1.0.0': {}, '1.1.0': { yanked: true } })
  const gone = makePackage('gone', { '1.0.0': { yanked: true } })
  expect(chosen(['kit'], [kit])).toEqual(['kit@1.0.0'])
  expect(failure(['kit@1.1.0'], [kit])).toMatchObject({ name: 'VersionNotFound' })
  expect(failure(['gone'], [gone]).reason).toMatchObject({ code: 'version-yanked', versions: ['1.0.0'], others: [] })
  const installed = [{ id: kit.id, version: '1.1.0' }]
  expect(run(['kit'], [kit], { installed })).toMatchObject({
    packages: [{ version: '1.1.0' }],
    warnings: [{ code: 'yanked-chosen', package: 'kit', version: '1.1.0' }],
  })
  expect(chosen(['kit@1.1.0'], [kit], { pinned: installed })).toEqual(['kit@1.1.0'])
})

test('prefers a pinned version if it fits', () => {
  const packages = [
    makePackage('app', { '1.0.0': { kit: '*' } }),
    makePackage('kit', { '1.0.0': {}, '1.1.0': {}, '2.0.0': {} }),
  ]
  const pinned = [{ id: packages[1]?.id ?? '', version: '1.1.0' }]
  expect(chosen(['app'], packages, { pinned })).toEqual(['kit@1.1.0', 'app@1.0.0'])
  expect(chosen(['kit@2'], packages, { pinned })).toEqual(['kit@2.0.0'])
})

test('an equivocation is refused when requested, otherwise skipped with a warning', () => {
  const kit = makePackage('kit', { '1.0.0': {}, '1.1.0': { equivocation: true } })
  expect(failure(['kit@1.1.0'], [kit])).toMatchObject({ name: 'Equivocation' })
  expect(run(['kit'], [kit])).toMatchObject({
    packages: [{ version: '1.0.0' }],
    warnings: [{ code: 'passed-over-two-contents', package: 'kit', version: '1.1.0' }],
  })
  expect(run(['kit@~1.0.0'], [kit]).warnings).toEqual([])
  const only = makePackage('only', { '1.0.0': { equivocation: true } })
  expect(failure(['only'], [only]).name).toBe('Equivocation')
  const app = makePackage('app', { '1.0.0': { only: '*' } })
  expect(failure(['app'], [app, only])).toMatchObject({ name: 'DependencyMissing' })
  expect(failure(['app'], [app, only]).reason).toMatchObject({ problem: 'two-contents' })
})

test('failures name the missing package or version and the available ones', () => {
  const kit = makePackage('kit', { '1.0.0': {}, '1.1.0': {} })
  const awaited = makePackage('awaited', { '1.0.0': { release: undefined } })
  expect(failure(['none'], [kit])).toMatchObject({ name: 'PackageNotFound' })
  expect(failure([`${bob.publisherId}/kit`], [kit]).name).toBe('PackageNotFound')
  expect(failure(['@nobody/kit'], [kit])).toMatchObject({ name: 'PackageNotFound' })
  expect(failure(['@nobody/kit'], [kit]).reason).toMatchObject({
    code: 'not-in-catalogue',
    namesakes: [`@name-1~${shortPublisher(alice.publisherId)}/kit`],
  })
  expect(failure(['kit@^3'], [kit])).toMatchObject({ name: 'VersionNotFound' })
  expect(failure(['kit@^3'], [kit]).reason).toMatchObject({ code: 'no-version-fits', others: ['1.1.0', '1.0.0'] })
  expect(failure(['awaited'], [awaited]).reason.code).toBe('version-record-not-here')
  expect(failure(['Not A Name'], [kit]).name).toBe('InvalidArgument')
})

test('a name of several publishers resolves to the trusted one, else it is ambiguous', () => {
  const packages = [makePackage('kit', { '1.0.0': {} }), makePackage('kit', { '2.0.0': {} }, bob)]
  const asked = failure(['kit'], packages)
  expect(asked.name).toBe('AmbiguousName')
  for (const { publisherId } of [alice, bob])
    expect(JSON.stringify(asked.reason)).toContain(`~${shortPublisher(publisherId)}/kit`)
  const trusting =
    (...ids: string[]) =>
    (id: string): TrustState =>
      ids.includes(id) ? 'known' : 'new'
  expect(chosen(['kit'], packages, { trust: trusting(bob.publisherId) })).toEqual(['kit@2.0.0'])
  expect(failure(['kit'], packages, { trust: trusting(alice.publisherId, bob.publisherId) }).name).toBe('AmbiguousName')
  expect(chosen(['@name-2/kit'], packages)).toEqual(['kit@2.0.0'])
  expect(chosen([`@name-1~${shortPublisher(alice.publisherId)}/kit`], packages)).toEqual(['kit@1.0.0'])
  // A part of the id identifies the publisher even after a change of name.
  expect(chosen([`@before~${shortPublisher(alice.publisherId)}/kit`], packages)).toEqual(['kit@1.0.0'])
  expect(chosen([`${bob.publisherId}/kit`], packages)).toEqual(['kit@2.0.0'])
})

test('a dependency by name resolves to a requested package, the same publisher or a trusted publisher', () => {
  const kits = [makePackage('kit', { '1.0.0': {} }), makePackage('kit', { '2.0.0': {} }, bob)]
  const own = makePackage('app', { '1.0.0': { kit: '*' } }, bob)
  expect(chosen(['app'], [...kits, own])).toEqual(['kit@2.0.0', 'app@1.0.0'])
  const carol = makePackage('app', { '1.0.0': { tool: '*' } })
  const tools = [
    makePackage('tool', { '1.0.0': {} }, bob),
    { ...makePackage('tool', { '3.0.0': {} }, bob), id: packageId(alice.publisherId, 'zzz') },
  ]
  const several = failure(['app'], [carol, ...tools])
  expect(several.name).toBe('AmbiguousName')
  expect(several.reason).toMatchObject({ spec: 'tool', dependent: 'app 1.0.0' })
  expect(chosen(['app', `${bob.publisherId}/tool`], [carol, ...tools])).toEqual(['tool@1.0.0', 'app@1.0.0'])
  const byId = makePackage('app', { '1.0.0': { kit: { id: packageId(alice.publisherId, 'kit') } } }, bob)
  expect(chosen(['app'], [...kits, byId])).toEqual(['kit@1.0.0', 'app@1.0.0'])
})

test('a required package missing from the catalogue is named and can be skipped', () => {
  const app = makePackage('app', { '1.0.0': { ghost: '^1.0.0' } })
  const missing = failure(['app'], [app])
  expect(missing.name).toBe('DependencyMissing')
  expect(missing.reason).toMatchObject({ dependent: 'app 1.0.0', dependency: 'ghost', range: '^1.0.0' })
  expect(run(['app'], [app], { allowMissing: true })).toMatchObject({
    packages: [{ slug: 'app' }],
    warnings: [{ code: 'required-skipped', dependency: 'ghost', range: '^1.0.0', problem: 'not-in-catalogue' }],
  })
  const ghost = makePackage('ghost', { '2.0.0': {} })
  expect(failure(['app'], [app, ghost])).toMatchObject({ name: 'DependencyMissing' })
  expect(failure(['app'], [app, ghost]).reason).toMatchObject({ problem: 'no-version-fits', versions: ['2.0.0'] })
  expect(chosen(['app'], [app, ghost], { allowMissing: true })).toEqual(['app@1.0.0'])
  const older = makePackage('app', { '0.9.0': {}, '1.0.0': { ghost: '*' } })
  expect(run(['app'], [older])).toMatchObject({
    packages: [{ version: '0.9.0' }],
    warnings: [{ code: 'passed-over-missing', package: 'app', version: '1.0.0', dependency: 'ghost' }],
  })
})

test('dependencies of unknown kind are resolved once published, external ones and assets never', () => {
  const app = makePackage('app', {
    '1.0.0': {
      kit: { kind: 'unknown', range: 'what the manifest says' },
      serde: { kind: 'external' },
      './x': { kind: 'asset' },
    },
  })
  expect(failure(['app'], [app]).name).toBe('DependencyMissing')
  expect(chosen(['app'], [app, makePackage('kit', { '1.0.0': {} })])).toEqual(['kit@1.0.0', 'app@1.0.0'])
})

test('optional dependencies are included if possible, else left out with a warning', () => {
  const optional = (range: string) => ({ range, optional: true })
  const packages = [
    makePackage('app', { '1.0.0': { ghost: optional('*'), kit: optional('^1.0.0'), other: optional('*'), base: '*' } }),
    makePackage('kit', { '1.0.0': { base: '^1.0.0' } }),
    makePackage('other', { '1.0.0': {} }),
    makePackage('base', { '1.0.0': {}, '2.0.0': {} }),
  ]
  const all = run(['app'], packages)
  expect(all.packages.map(({ slug, version }) => `${slug}@${version}`)).toContain('base@1.0.0')
  expect(all.packages.map(({ slug }) => slug)).toContain('kit')
  expect(all.warnings).toMatchObject([
    { code: 'optional-left-out', dependency: 'ghost', dependent: 'app 1.0.0', problem: 'not-in-catalogue' },
  ])
  const tight = run(['app', 'base@2'], packages)
  expect(tight.packages.map(({ slug }) => slug).sort()).toEqual(['app', 'base', 'other'])
  expect(tight.warnings).toContainEqual(
    expect.objectContaining({ code: 'optional-left-out', dependency: 'kit', range: '^1.0.0', problem: 'conflict' }),
  )
})

test('a conflict names who wants what', () => {
  const packages = [
    makePackage('left', { '1.0.0': { base: '^1.0.0' } }),
    makePackage('right', { '1.0.0': { base: '^2.0.0' } }),
    makePackage('base', { '1.0.0': {}, '2.0.0': {} }),
  ]
  const told = failure(['left', 'right'], packages)
  expect(told.name).toBe('DependencyConflict')
  expect(told.reason).toMatchObject({
    code: 'dependency-conflict',
    package: 'base',
    by: ['left 1.0.0', 'right 1.0.0'],
    ranges: ['^1.0.0', '^2.0.0'],
  })
  expect(failure(['left', 'base@2'], packages).reason).toMatchObject({ by: expect.arrayContaining(['']) })
  expect(failure(['base@1', 'base@2'], packages).name).toBe('DependencyConflict')
})

test('cycles resolve, including a package that depends on itself', () => {
  const packages = [
    makePackage('a', { '1.0.0': { b: '*' } }),
    makePackage('b', { '1.0.0': { c: '*' } }),
    makePackage('c', { '1.0.0': { a: '^1.0.0', c: '*' } }),
  ]
  expect(chosen(['a'], packages)).toEqual(['c@1.0.0', 'b@1.0.0', 'a@1.0.0'])
})

// Properties

interface World {
  packages: CataloguePackage[]
  specs: string[]
}

const slugsOf = ['a', 'b', 'c', 'd', 'e']
const versionsOf = ['1.0.0', '1.1.0', '2.0.0', '2.1.0']
const rangesOf = ['^1.0.0', '^2.0.0', '1.0.0', '>=1.1.0', '*', '<2.1.0', '~1.1.0']

const world = (optional: boolean): fc.Arbitrary<World> => {
  const needs = fc.dictionary(
    fc.constantFrom(...slugsOf),
    fc.record({ range: fc.constantFrom(...rangesOf), optional: optional ? fc.boolean() : fc.constant(false) }),
    { maxKeys: 3 },
  )
  const shape = fc.uniqueArray(fc.tuple(fc.constantFrom(...versionsOf), needs), {
    selector: ([version]) => version,
    minLength: 1,
    maxLength: 3,
  })
  return fc.record({
    packages: fc
      .tuple(...slugsOf.map((slug) => shape.map((versions) => makePackage(slug, Object.fromEntries(versions)))))
      .map((packages) => packages),
    specs: fc.uniqueArray(
      fc.tuple(fc.constantFrom(...slugsOf), fc.constantFrom('', '@^1.0.0', '@*')).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 2 },
    ),
  })
}

type Choice = Record<string, string>

const needsOf = (packages: readonly CataloguePackage[], slug: string, version: string): readonly Dependency[] =>
  packages.find((each) => each.slug === slug)?.versions.find((each) => each.version === version)?.release?.release
    .dependencies ?? []

/** Enumerates every choice that satisfies all required ranges and contains no unneeded package. */
const naive = ({ packages, specs }: World): Choice[] => {
  const found: Choice[] = []
  const wanted = specs.map((spec) => ({ slug: spec.split('@')[0] ?? '', range: spec.split('@')[1] ?? '*' }))
  const versions = (slug: string) =>
    packages.find((each) => each.slug === slug)?.versions.map(({ version }) => version) ?? []
  const extend = (choice: Choice, at: number): void => {
    const slug = slugsOf[at]
    if (slug !== undefined) {
      extend(choice, at + 1)
      for (const version of versions(slug)) extend({ ...choice, [slug]: version }, at + 1)
      return
    }
    const fits = ({ slug: name, range }: { slug: string; range: string }): boolean =>
      choice[name] !== undefined && satisfies(choice[name], range)
    if (!wanted.every(fits)) return
    const needed = new Set(wanted.map((each) => each.slug))
    for (const name of needed) {
      for (const need of needsOf(packages, name, choice[name] ?? '')) {
        if (!need.optional && !fits({ slug: need.name, range: need.range })) return
        if (!need.optional) needed.add(need.name)
      }
    }
    if (needed.size === Object.keys(choice).length) found.push(choice)
  }
  extend({}, 0)
  return found
}

/** Chronological backtracking: versions from the highest, packages in breadth-first order. */
const chronological = ({ packages, specs }: World): Choice | undefined => {
  const search = (order: readonly string[], wants: readonly [string, string][], choice: Choice): Choice | undefined => {
    const slug = order.find((each) => choice[each] === undefined)
    if (slug === undefined) return choice
    const versions = packages.find((each) => each.slug === slug)?.versions ?? []
    for (const { version } of versions) {
      const needs = needsOf(packages, slug, version)
      const nextWants: [string, string][] = [
        ...wants,
        ...needs.map(({ name, range }): [string, string] => [name, range]),
      ]
      const nextChoice = { ...choice, [slug]: version }
      const isKept = nextWants.every(([name, range]) => {
        const other = nextChoice[name]
        return other === undefined || satisfies(other, range)
      })
      if (!isKept) continue
      const solved = search([...new Set([...order, ...needs.map(({ name }) => name)])], nextWants, nextChoice)
      if (solved !== undefined) return solved
    }
    return undefined
  }
  const wanted = specs.map((spec): [string, string] => [spec.split('@')[0] ?? '', spec.split('@')[1] ?? '*'])
  return search([...new Set(wanted.map(([slug]) => slug))], wanted, {})
}

const choiceOf = (given: World): Choice | string => {
  try {
    return Object.fromEntries(run(given.specs, given.packages).packages.map(({ slug, version }) => [slug, version]))
  } catch (error) {
    return error instanceof Error ? error.name : 'nothing'
  }
}

test('equals chronological backtracking on small graphs', () => {
  let solved = 0
  let unsolved = 0
  fc.assert(
    fc.property(world(false), (given) => {
      const all = naive(given)
      const result = choiceOf(given)
      if (typeof result === 'string') {
        unsolved += 1
        expect(['VersionNotFound', 'DependencyMissing', 'DependencyConflict']).toContain(result)
        expect(all).toEqual([])
        return
      }
      solved += 1
      expect(all).toContainEqual(result)
      expect(result).toEqual(chronological(given))
    }),
    { seed: 21, numRuns: 1000 },
  )
  expect(solved).toBeGreaterThan(200)
  expect(unsolved).toBeGreaterThan(50)
})

test('required dependencies are included, and optional ones are included or in a warning', () => {
  fc.assert(
    fc.property(world(true), (given) => {
      const all = naive(given)
      const result = choiceOf(given)
      if (typeof result === 'string') {
        expect(all).toEqual([])
        return
      }
      const { warnings } = run(given.specs, given.packages)
      for (const [slug, version] of Object.entries(result)) {
        for (const { name, range, optional } of needsOf(given.packages, slug, version)) {
          const isKept = result[name] !== undefined && satisfies(result[name], range)
          if (!optional) expect(isKept).toBe(true)
          else if (!isKept) {
            expect(
              warnings.some(
                (each) =>
                  each.code === 'optional-left-out' &&
                  each.dependency === name &&
                  each.range === range &&
                  each.dependent === `${slug} ${version}`,
              ),
            ).toBe(true)
          }
        }
      }
    }),
    { seed: 22, numRuns: 500 },
  )
})

test('dependencies precede their dependents in acyclic graphs', () => {
  const acyclic = world(false).map(({ packages, specs }) => ({
    specs,
    packages: packages.map((each) =>
      makePackage(
        each.slug,
        Object.fromEntries(
          each.versions.map(({ version, release }) => [
            version,
            Object.fromEntries(
              (release?.release.dependencies ?? []).flatMap(({ name, range }) =>
                name > each.slug ? [[name, range]] : [],
              ),
            ),
          ]),
        ),
      ),
    ),
  }))
  fc.assert(
    fc.property(acyclic, (given) => {
      if (typeof choiceOf(given) === 'string') return
      const { packages } = run(given.specs, given.packages)
      const order = packages.map(({ slug }) => slug)
      for (const { slug, version } of packages) {
        for (const { name } of needsOf(given.packages, slug, version)) {
          expect(order.indexOf(name)).toBeLessThan(order.indexOf(slug))
        }
      }
    }),
    { seed: 23, numRuns: 300 },
  )
})

test('backjumps over decisions that are not part of the conflict', () => {
  // 30 unrelated packages are decided between the conflict and the decision that caused it.
  const fillers = Array.from({ length: 30 }, (_, n) =>
    makePackage(`filler-${n}`, Object.fromEntries(Array.from({ length: 10 }, (_, v) => [`1.${v}.0`, {}]))),
  )
  const needs = Object.fromEntries(fillers.map(({ slug }) => [slug, '*']))
  const packages = [
    makePackage('app', { '1.0.0': { chooser: '*', ...needs, strict: '*' } }),
    makePackage('chooser', { '1.0.0': { base: '^1.0.0' }, '2.0.0': { base: '^2.0.0' } }),
    makePackage('strict', { '1.0.0': { base: '^1.0.0' } }),
    makePackage('base', { '1.0.0': {}, '2.0.0': {} }),
    ...fillers,
  ]
  const versions = chosen(['app'], packages)
  expect(versions).toContain('chooser@1.0.0')
  expect(versions).toContain('base@1.0.0')
  expect(versions).toHaveLength(34)
})

test('a graph of 1,000 packages and a chain of 5,000 resolve', () => {
  const versions = ['1.0.0', '1.1.0', '1.2.0', '2.0.0']
  const wide = Array.from({ length: 1000 }, (_, n) => {
    const targets = [2 * n + 1, 2 * n + 2, n + 7].filter((target) => target < 1000)
    const needs = Object.fromEntries(targets.map((target) => [`p${target}`, '^1.0.0']))
    return makePackage(`p${n}`, Object.fromEntries(versions.map((version) => [version, needs])))
  })
  const resolved = run(['p0@^1.0.0'], wide).packages
  expect(resolved).toHaveLength(1000)
  expect(new Set(resolved.map(({ version }) => version))).toEqual(new Set([maxSatisfying(versions, '^1.0.0')]))
  const chain = Array.from({ length: 5000 }, (_, n) =>
    makePackage(`c${n}`, { '1.0.0': n < 4999 ? { [`c${n + 1}`]: '*' } : {} }),
  )
  expect(run(['c0'], chain).packages.map(({ slug }) => slug)).toEqual(chain.map(({ slug }) => slug).reverse())
})
