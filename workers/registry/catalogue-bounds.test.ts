import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { VersionEntry } from '../protocol/head.ts'
import { toHex } from '../protocol/ids.ts'
import type { Change } from '../store/store.ts'
import { createTestPublisher, rootOf, type TestPublisher } from '../testing/test-publisher.ts'
import { createBoundedKeySet } from './bounded-key-set.ts'
import {
  type Catalogue,
  type CatalogueLimits,
  catalogueLimits,
  createCatalogue,
  type VerifiedEntry,
} from './catalogue.ts'

const limits: CatalogueLimits = {
  ...catalogueLimits,
  packagesPerPublisher: 3,
  releasesPerPublisher: 5,
  releasesPerVersion: 2,
}

const slugs = ['a', 'b', 'c', 'd', 'e']
let alice: TestPublisher
/** Several versions of each package, several contents of each version, and heads of several of them. */
let universe: VerifiedEntry[]
let identity: VerifiedEntry

const toVersion = (entry: VerifiedEntry): VersionEntry => {
  if (entry.kind !== 'release') throw new Error('a release is expected')
  return { version: entry.release.release.version, release: entry.release.hash }
}

beforeAll(async () => {
  alice = await createTestPublisher(1)
  identity = await alice.identityEntry()
  universe = []
  for (const slug of slugs) {
    const releases: VerifiedEntry[] = []
    for (let n = 0; n < 4; n += 1) releases.push(await alice.release(slug, '1.0.0', { root: rootOf(n) }))
    releases.push(await alice.release(slug, '2.0.0'))
    universe.push(...releases)
    const [first, last] = [releases[0], releases[4]]
    if (first === undefined || last === undefined) throw new Error('releases are missing')
    universe.push(...(await alice.head(slug, 1, [toVersion(first)])))
    universe.push(...(await alice.head(slug, 2, [toVersion(last), toVersion(first)])))
  }
})

/** The rows of a disk that every change of the record store was written to. */
const createDisk = () => {
  const rows = new Map<string, Uint8Array>()
  return {
    rows,
    apply(changes: readonly Change[]) {
      for (const { table, key, value } of changes) {
        if (value === undefined) rows.delete(`${table} ${key}`)
        else rows.set(`${table} ${key}`, value)
      }
    },
  }
}

/** Ids of the heads and releases in the catalogue, shared with peers or not. */
const idsOf = (catalogue: Catalogue): string[] =>
  universe.flatMap(({ id }) => (catalogue.records.entry(id) === undefined ? [] : [id])).sort()

/** The same, computed from the packages instead of the record store. */
const recount = (catalogue: Catalogue): { ids: string[]; bytes: number } => {
  const records = new Map<string, Uint8Array>()
  for (const { release, ...entry } of universe.map((each) => ({ release: undefined, ...each }))) {
    if (
      entry.kind === 'head' &&
      catalogue.get(`${alice.identity.publisherId}/${entry.head.head.slug}`)?.head === entry.head
    )
      records.set(entry.id, entry.head.bytes)
    if (release !== undefined) {
      const { slug, version } = release.release
      const kept = catalogue.releasesOf(`${alice.identity.publisherId}/${slug}`, version)
      if (kept.includes(release)) records.set(toHex(release.hash), release.bytes)
    }
  }
  return { ids: [...records.keys()].sort(), bytes: [...records.values()].reduce((sum, { length }) => sum + length, 0) }
}

test('the record store, the disk and the packages agree and stay within the bounds in any order of entries', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(universe.length - 1), { maxLength: 80 }), (numbers) => {
      const catalogue = createCatalogue(limits)
      const disk = createDisk()
      catalogue.add(identity)
      for (const number of numbers) {
        const entry = universe[number]
        if (entry !== undefined) catalogue.add(entry)
        disk.apply(catalogue.records.takeUnsaved())
        const { ids, bytes } = recount(catalogue)
        expect(idsOf(catalogue)).toEqual(ids)
        const kept = [...disk.rows].filter(([key]) => !key.startsWith('identities'))
        expect(kept.reduce((sum, [, value]) => sum + value.length, 0)).toBe(bytes)
        const count = (table: string): number => [...disk.rows.keys()].filter((key) => key.startsWith(table)).length
        expect(count('releases')).toBeLessThanOrEqual(limits.releasesPerPublisher)
        expect(count('heads')).toBeLessThanOrEqual(limits.packagesPerPublisher)
        expect([...catalogue.all()]).toHaveLength(catalogue.size())
      }
    }),
    { seed: 21, numRuns: 200 },
  )
})

test('evicted entries leave no state: a new catalogue with the remaining entries accepts and refuses the same', () => {
  const orders = fc.array(fc.nat(universe.length - 1), { maxLength: 60 })
  fc.assert(
    fc.property(orders, orders, (before, after) => {
      const used = createCatalogue(limits)
      used.add(identity)
      for (const number of before) {
        const entry = universe[number]
        if (entry !== undefined) used.add(entry)
      }
      const kept = new Set(idsOf(used))
      const fresh = createCatalogue(limits)
      fresh.add(identity)
      for (const entry of universe) if (kept.has(entry.id)) fresh.add(entry)
      expect(idsOf(fresh)).toEqual(idsOf(used))
      // The remaining entries do not show which packages without entries still count towards the limit.
      const keptSlugs = new Set(universe.flatMap((entry) => (kept.has(entry.id) ? slugOf(entry) : [])))
      for (const number of after) {
        const entry = universe[number]
        if (entry === undefined || !keptSlugs.has(slugOf(entry)) || entry.kind !== 'release') continue
        expect(used.add(entry)).toBe(fresh.add(entry))
      }
      expect(idsOf(used)).toEqual(idsOf(fresh))
    }),
    { seed: 22, numRuns: 300 },
  )
})

const slugOf = (entry: VerifiedEntry): string =>
  entry.kind === 'release' ? entry.release.release.slug : entry.kind === 'head' ? entry.head.head.slug : ''

test('a release above the limit evicts no package', async () => {
  const catalogue = createCatalogue({ ...limits, packagesPerPublisher: 2, releasesPerPublisher: 1 })
  catalogue.add(identity)
  const [first] = await alice.head('b', 1, [{ version: '1.0.0', release: rootOf(1) }])
  const [second] = await alice.head('c', 1, [{ version: '1.0.0', release: rootOf(1) }])
  const kept = await alice.release('a', '1.0.0')
  const refused = await alice.release('aa', '1.0.0')
  if (first === undefined || second === undefined) throw new Error('heads are missing')
  const narrow = createCatalogue({ ...limits, packagesPerPublisher: 3, releasesPerPublisher: 1 })
  for (const entry of [identity, first, second, kept]) narrow.add(entry)
  expect(narrow.add(refused)).toBe('stale')
  expect([...narrow.all()].map(({ slug }) => slug).sort()).toEqual(['b', 'c'])
})

test('pages of an evicted package do not displace orphan pages', async () => {
  const catalogue = createCatalogue({ ...limits, packagesPerPublisher: 1, waitingPages: 2 })
  catalogue.add(identity)
  const many = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ version: `1.${count - n}.0`, release: rootOf(1) }))
  const [evicted, ...pages] = await alice.head('z', 1, many(200))
  const [wanted, ...awaited] = await alice.head('a', 1, many(60))
  if (evicted === undefined || wanted === undefined) throw new Error('heads are missing')
  expect(pages.length).toBeGreaterThan(2)
  expect(awaited.length).toBeLessThanOrEqual(2)
  for (const entry of [evicted, ...pages]) catalogue.add(entry)
  for (const page of awaited) expect(catalogue.add(page)).toBe('waiting')
  expect(catalogue.add(wanted)).toBe('new')
  expect([...catalogue.all()].map(({ slug, complete }) => ({ slug, complete }))).toEqual([
    { slug: 'a', complete: true },
  ])
})

test('a bounded key set holds a bounded number of keys in memory, whatever is added and deleted', () => {
  const keys = createBoundedKeySet(10)
  for (let n = 0; n < 10; n += 1) keys.add(`full ${n}`)
  // At the limit once, then always just below it, so deleted keys never reach the top of the heap.
  keys.add('a')
  keys.delete('a')
  for (let n = 0; n < 10_000; n += 1) {
    keys.add(`b ${n}`)
    keys.delete(`b ${n}`)
  }
  expect(keys.allocated()).toBeLessThanOrEqual(30)
})

test('a release that loses to another release of its version is removed', () => {
  const tight = { ...limits, releasesPerPublisher: 1 }
  const releases = universe.filter((entry) => entry.kind === 'release' && slugOf(entry) === 'a')
  fc.assert(
    fc.property(fc.shuffledSubarray(releases, { minLength: releases.length }), (order) => {
      const catalogue = createCatalogue(tight)
      catalogue.add(identity)
      for (const entry of order) {
        catalogue.add(entry)
        expect([...catalogue.releasesBy(alice.identity.publisherId)]).toHaveLength(1)
      }
    }),
    { seed: 23, numRuns: 120 },
  )
})
