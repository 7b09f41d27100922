import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { HeadPage, VersionEntry } from '../protocol/head.ts'
import { packageId, toHex } from '../protocol/ids.ts'
import { createHistory, createTestPublisher, rootOf, type TestPublisher } from '../testing/test-publisher.ts'
import type { Catalogue, VerifiedEntry } from './catalogue.ts'
import { catalogueLimits, createCatalogue } from './catalogue.ts'

let alice: TestPublisher
let bob: TestPublisher
/** Entries of two publishers for two packages: updates, yanks, equivocations, competing heads, pages. */
let universe: VerifiedEntry[]

const toVersion = (entry: VerifiedEntry, yanked = false): VersionEntry => {
  if (entry.kind !== 'release') throw new Error('a release is expected')
  const { version } = entry.release.release
  return { version, release: entry.release.hash, ...(yanked ? { yanked: true } : {}) }
}

beforeAll(async () => {
  alice = await createTestPublisher(1)
  bob = await createTestPublisher(2)
  universe = []
  for (const publisher of [alice, bob]) {
    universe.push(await publisher.identityEntry())
    const releases: VerifiedEntry[] = []
    for (let n = 0; n < 24; n++) releases.unshift(await publisher.release('kit', `1.${n}.0`, { root: rootOf(n) }))
    const [first, second, third] = [releases.at(-1), releases.at(-2), releases.at(-3)]
    if (first === undefined || second === undefined || third === undefined) throw new Error('releases are missing')
    const twins = [
      await publisher.release('kit', '1.1.0', { root: rootOf(99) }),
      await publisher.release('kit', '1.2.0', { publishedAt: 7, root: rootOf(2) }),
    ]
    universe.push(...releases, ...twins)
    universe.push(...(await publisher.head('kit', 1, [toVersion(first)])))
    universe.push(...(await publisher.head('kit', 2, [toVersion(second), toVersion(first)])))
    const all = releases.map((release) => toVersion(release))
    universe.push(...(await publisher.head('kit', 3, all)))
    // Two competing heads.
    universe.push(...(await publisher.head('kit', 4, [...all.slice(0, -1), toVersion(first, true)])))
    universe.push(...(await publisher.head('kit', 4, [...all.slice(1, -1), toVersion(first, true)])))
    universe.push(...(await publisher.head('kit', 4, [...all.slice(2, -1), toVersion(first, true)])))
    universe.push(...(await publisher.head('tool', 1, [toVersion(await publisher.release('tool', '0.1.0'))])))
  }
})

const show = (catalogue: Catalogue) =>
  [...catalogue.all()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((found) => ({
      id: found.id,
      head: toHex(found.head.hash),
      contested: found.contested,
      complete: found.complete,
      latest: found.latest?.version,
      versions: found.versions.map(({ version, yanked, equivocation, release, otherReleases }) => ({
        version,
        yanked,
        equivocation,
        release: release === undefined ? undefined : toHex(release.hash),
        otherReleases: otherReleases.map(({ hash }) => toHex(hash)),
      })),
    }))

const fold = (entries: readonly VerifiedEntry[]): Catalogue => {
  const catalogue = createCatalogue()
  for (const entry of entries) catalogue.add(entry)
  return catalogue
}

const idsOf = (catalogue: Catalogue): string[] => catalogue.records.ids().map(toHex).sort()

/** The definition of the fold, over the set of all entries at once. */
const naive = (entries: readonly VerifiedEntry[]): ReturnType<typeof show> => {
  const of = <Kind extends VerifiedEntry['kind']>(kind: Kind) =>
    [...new Map(entries.map((entry) => [entry.id, entry])).values()].filter(
      (entry): entry is Extract<VerifiedEntry, { kind: Kind }> => entry.kind === kind,
    )
  const publishers = of('identity').map(({ identity }) => identity.publisherId)
  const ids = new Set(of('head').map(({ head }) => packageId(head.head.publisher, head.head.slug)))
  return [...ids].sort().flatMap((id) => {
    const heads = of('head').filter(({ head }) => packageId(head.head.publisher, head.head.slug) === id)
    const seq = Math.max(...heads.map(({ head }) => head.head.seq))
    const best = heads.filter(({ head }) => head.head.seq === seq).sort((a, b) => (a.id < b.id ? -1 : 1))
    const winner = best[0]?.head
    if (winner === undefined || !publishers.includes(winner.head.publisher)) return []
    const versions = [...winner.head.versions]
    let older = winner.head.older
    while (older !== null) {
      const hash = toHex(older)
      const page: HeadPage | undefined = of('page').find((each) => each.id === hash)?.page
      if (page === undefined) break
      versions.push(...page.versions)
      older = page.older
    }
    const releases = of('release').filter(
      ({ release }) => packageId(release.release.publisher, release.release.slug) === id,
    )
    const shown = versions.map(({ version, release, yanked = false }) => {
      const all = releases
        .filter((each) => each.release.release.version === version)
        .sort((a, b) => (a.id < b.id ? -1 : 1))
      const roots = new Set(all.map((each) => toHex(each.release.release.root)))
      const named = all.find((each) => each.id === toHex(release))?.id
      const otherReleases = all.map((each) => each.id).filter((each) => each !== named)
      return {
        version,
        yanked,
        equivocation: roots.size > 1,
        release: named,
        otherReleases: all.length < 2 ? [] : otherReleases,
      }
    })
    shown.sort((a, b) => Number(b.version.split('.')[1]) - Number(a.version.split('.')[1]))
    const offered = shown.find((each) => each.release !== undefined && !each.yanked && !each.equivocation)
    return {
      id,
      head: toHex(winner.hash),
      contested: best.length > 1,
      complete: older === null,
      latest: offered?.version,
      versions: shown,
    }
  })
}

const someOrder = () =>
  fc.tuple(
    fc.shuffledSubarray(
      universe.map((_, n) => n),
      { minLength: 0, maxLength: universe.length },
    ),
    fc.array(fc.nat(universe.length - 1), { maxLength: 20 }),
  )

test('the fold equals its definition for any entries in any order, with repetitions', () => {
  const size = universe.length
  const order = fc.shuffledSubarray([...universe.keys()], { minLength: 0, maxLength: size })
  fc.assert(
    fc.property(order, fc.array(fc.nat(size - 1), { maxLength: 20 }), (numbers, repeats) => {
      const given = numbers.flatMap((n) => universe[n] ?? [])
      const repeated = repeats.flatMap((n) => given[n % Math.max(1, given.length)] ?? [])
      const catalogue = fold([...given, ...repeated])
      expect(show(catalogue)).toEqual(naive(given))
      expect(catalogue.size()).toBe(show(catalogue).length)
      const once = fold([...given].reverse())
      expect(show(once)).toEqual(show(catalogue))
      // Only orphan pages, which are not shared, may differ.
      expect(idsOf(once)).toEqual(idsOf(catalogue))
    }),
    { seed: 11, numRuns: 300 },
  )
})

test('catalogues folded separately and then merged are equal', () => {
  fc.assert(
    fc.property(someOrder(), someOrder(), ([left], [right]) => {
      const [a, b] = [left, right].map((numbers) => numbers.flatMap((n) => universe[n] ?? []))
      const joined = fold([...(a ?? []), ...(b ?? [])])
      const other = fold([...(b ?? []), ...(a ?? [])])
      expect(show(joined)).toEqual(show(other))
      expect(idsOf(joined)).toEqual(idsOf(other))
    }),
    { seed: 12, numRuns: 150 },
  )
})

test('the head with the highest seq wins, and an older one is stale', async () => {
  const catalogue = fold([await alice.identityEntry()])
  const one = await alice.release('kit', '1.0.0')
  const two = await alice.release('kit', '1.1.0')
  const [old] = await alice.head('kit', 1, [toVersion(one)])
  const [newer] = await alice.head('kit', 2, [toVersion(two), toVersion(one)])
  if (old === undefined || newer === undefined) throw new Error('heads are missing')
  expect(catalogue.add(newer)).toBe('new')
  expect(catalogue.add(newer)).toBe('known')
  expect(catalogue.add(old)).toBe('stale')
  expect(catalogue.get(`${alice.identity.publisherId}/kit`)?.head.head.seq).toBe(2)
})

test('a package is visible and found by its slug once its head and identity have arrived', async () => {
  const catalogue = createCatalogue()
  const history = await createHistory(alice, 'kit', ['1.0.0'])
  const [identity, release, head] = history
  if (identity === undefined || release === undefined || head === undefined) throw new Error('entries are missing')
  catalogue.add(release)
  catalogue.add(head)
  expect(catalogue.size()).toBe(0)
  catalogue.add(identity)
  expect(catalogue.bySlug('kit').map(({ id }) => id)).toEqual([`${alice.identity.publisherId}/kit`])
  expect(catalogue.takeChanged()).toEqual([`${alice.identity.publisherId}/kit`])
  expect(catalogue.takeChanged()).toEqual([])
})

test('the memory of a publisher is bounded, the same at every peer', async () => {
  const limits = { ...catalogueLimits, packagesPerPublisher: 3, releasesPerPublisher: 5, releasesPerVersion: 2 }
  const entries: VerifiedEntry[] = [await alice.identityEntry()]
  for (const slug of ['a', 'b', 'c', 'd', 'e']) {
    const releases = [await alice.release(slug, '1.0.0'), await alice.release(slug, '1.1.0')]
    entries.push(
      ...releases,
      ...(await alice.head(
        slug,
        1,
        releases.map((each) => toVersion(each)),
      )),
    )
  }
  for (let n = 0; n < 4; n++) entries.push(await alice.release('a', '1.0.0', { root: rootOf(50 + n) }))
  const orders = fc.shuffledSubarray(entries.slice(1), { minLength: entries.length - 1, maxLength: entries.length - 1 })
  let expected: string[] | undefined
  fc.assert(
    fc.property(orders, (order) => {
      const catalogue = createCatalogue(limits)
      for (const entry of [...entries.slice(0, 1), ...order]) catalogue.add(entry)
      // Refused entries may be added again, and there may be room by then.
      for (const entry of order) catalogue.add(entry)
      expect([...catalogue.all()].map(({ slug }) => slug).sort()).toEqual(['a', 'b', 'c'])
      expect(catalogue.releasesOf(`${alice.identity.publisherId}/a`, '1.0.0')).toHaveLength(2)
      expected ??= idsOf(catalogue)
      expect(idsOf(catalogue)).toEqual(expected)
    }),
    { seed: 13, numRuns: 100 },
  )
})

test('an identity is shared with its first package, not before', async () => {
  const catalogue = createCatalogue()
  const identity = await alice.identityEntry()
  const [head] = await alice.head('kit', 1, [{ version: '1.0.0', release: rootOf(1) }])
  catalogue.add(identity)
  expect(idsOf(catalogue)).toEqual([])
  if (head !== undefined) catalogue.add(head)
  expect(idsOf(catalogue)).toEqual([identity.id, head?.id].sort())
})

test('orphan pages are bounded and not shared', async () => {
  const catalogue = createCatalogue({ ...catalogueLimits, waitingPages: 2 })
  const versions = Array.from({ length: 200 }, (_, n) => ({ version: `1.${200 - n}.0`, release: rootOf(n) }))
  const [head, ...pages] = await alice.head('kit', 1, versions)
  expect(pages.length).toBeGreaterThan(2)
  catalogue.add(await alice.identityEntry())
  for (const page of pages) expect(catalogue.add(page)).toBe('waiting')
  expect(catalogue.records.ids()).toEqual([])
  if (head !== undefined) catalogue.add(head)
  const found = () => catalogue.get(`${alice.identity.publisherId}/kit`)
  expect(found()?.complete).toBe(false)
  for (const page of pages) catalogue.add(page)
  expect(found()?.complete).toBe(true)
  expect(found()?.versions).toHaveLength(200)
})
