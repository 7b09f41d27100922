import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LibraryEntry } from '../contract/views.ts'
import { packageId, rootToText } from '../protocol/ids.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store, TableName } from '../store/store.ts'
import { createTestPublisher, rootOf } from '../testing/test-publisher.ts'
import { createLibrary } from './library.ts'
import { createOutbox, type IdentityEntry, type PublicationEntry } from './outbox.ts'
import { createTransfers } from './transfers.ts'
import { createTrust } from './trust.ts'

const { publisherId: publisher } = (await createTestPublisher(1)).identity
const { publisherId: other } = (await createTestPublisher(2)).identity
const kit = packageId(publisher, 'kit')

const libraryEntry = (version: string, changes: Partial<LibraryEntry> = {}): LibraryEntry => ({
  id: kit,
  slug: 'kit',
  version,
  displayName: 'Kit',
  publisherName: 'alice',
  root: rootToText(rootOf(1)),
  size: 3,
  installedAt: 5,
  asDependency: false,
  files: [{ path: 'a.txt', size: 3, sha256: 'ab'.repeat(32) }],
  ...changes,
})

const outboxEntry = (slug: string, seq: number, publishedAt: number): PublicationEntry => ({
  v: 1,
  id: packageId(publisher, slug),
  slug,
  version: '1.0.0',
  seq,
  publishedAt,
  reason: 'publish',
})

/** Adds garbage rows and overwrites good rows with garbage. */
const damage = async (store: Store, table: TableName, prefix = ''): Promise<number> => {
  const [first] = await store.keys(table, prefix)
  const good = (await store.get(table, first ?? '')) ?? new Uint8Array()
  const rows = [new Uint8Array(), new Uint8Array(50).fill(0xff), good.slice(0, -1), good].map((value, n) => ({
    table,
    key: `${prefix}zz-${n}`,
    value,
  }))
  await store.write(rows)
  return rows.length
}

test('the library survives a restart and partial damage', async () => {
  const store = createMemoryStore()
  const library = createLibrary({ store })
  await library.add(libraryEntry('1.0.0'))
  await library.add(libraryEntry('1.1.0', { asDependency: true }))
  expect(library.list().map(({ version }) => version)).toEqual(['1.0.0', '1.1.0'])
  const dropped = await damage(store, 'library')
  const again = createLibrary({ store })
  expect(await again.load()).toEqual({ dropped })
  expect(again.list()).toEqual(library.list())
  expect(await again.remove(kit, '1.0.0')).toBe(true)
  expect(await again.remove(kit, '1.0.0')).toBe(false)
  expect(again.get(kit, '1.0.0')).toBeUndefined()
  const third = createLibrary({ store })
  await third.load()
  expect(third.list()).toEqual(again.list())
})

test('installing again keeps the first install time and never turns a requested package into a dependency', async () => {
  const library = createLibrary({ store: createMemoryStore() })
  await library.add(libraryEntry('1.0.0', { asDependency: true }))
  const revision = library.revision()
  await library.add(libraryEntry('1.0.0', { installedAt: 9 }))
  await library.add(libraryEntry('1.0.0', { asDependency: true, installedAt: 11 }))
  expect(library.get(kit, '1.0.0')).toMatchObject({ installedAt: 5, asDependency: false })
  expect(library.revision()).toBeGreaterThan(revision)
})

test('a library entry that would not decode is refused', async () => {
  const store = createMemoryStore()
  const library = createLibrary({ store })
  const files = [{ path: '../a', size: 1, sha256: 'ab'.repeat(32) }]
  await expect(library.add(libraryEntry('1.0.0', { files }))).rejects.toMatchObject({ name: 'InvalidArgument' })
  expect(await store.keys('library')).toEqual([])
  const largest = Array.from({ length: 1000 }, (_, n) => ({
    path: `${'d'.repeat(250)}/${n}/${'f'.repeat(250)}`,
    size: 1,
    sha256: 'ab'.repeat(32),
  }))
  await library.add(libraryEntry('2.0.0', { files: largest }))
  expect(await createLibrary({ store }).load()).toEqual({ dropped: 0 })
})

test('unfinished transfers survive a restart', async () => {
  const store = createMemoryStore()
  const transfers = createTransfers({ store })
  const first = { id: 'b', specs: ['kit@^1.0'], allowMissing: true, startedAt: 1 }
  await transfers.begin({ id: 'a', specs: ['tool'], allowMissing: false, startedAt: 2 })
  await transfers.begin(first)
  const dropped = await damage(store, 'transfers')
  const again = createTransfers({ store })
  expect(await again.load()).toEqual({ dropped })
  expect(again.list().map(({ id }) => id)).toEqual(['b', 'a'])
  expect(again.list()[0]).toEqual(first)
  await again.end('a')
  await again.end('never begun')
  const third = createTransfers({ store })
  await third.load()
  expect(third.list()).toEqual([first])
})

test('the outbox keeps entries newer than the published one', async () => {
  const store = createMemoryStore()
  const outbox = createOutbox({ store })
  const entries = [outboxEntry('kit', 1, 20), outboxEntry('tool', 1, 10)]
  await store.write(entries.map(outbox.toChange))
  entries.forEach(outbox.note)
  expect(outbox.list().map(({ slug }) => slug)).toEqual(['tool', 'kit'])
  const newer = outboxEntry('kit', 2, 30)
  await store.write([outbox.toChange(newer)])
  outbox.note(newer)
  expect(await outbox.markSent(kit, 1)).toBe(false)
  const dropped = await damage(store, 'outbox')
  const again = createOutbox({ store })
  expect(await again.load()).toEqual({ dropped })
  expect(again.get(kit)).toEqual(newer)
  expect(await again.markSent(kit, 2)).toBe(true)
  expect(await again.markSent(kit, 2)).toBe(false)
  const third = createOutbox({ store })
  await third.load()
  expect(third.list().map(({ slug }) => slug)).toEqual(['tool'])
})

test('the outbox holds an identity change beside publications and keeps entries of later versions', async () => {
  const store = createMemoryStore()
  const outbox = createOutbox({ store })
  const change: IdentityEntry = { v: 1, kind: 'identity', publisher, seq: 2, changedAt: 5 }
  const later = dagCbor.encode({ v: 1, kind: 'parcel', to: 'somebody' })
  const publication = dagCbor.encode({ ...outboxEntry('kit', 1, 20) })
  await store.write([
    // The format of versions that had publications only.
    { table: 'outbox', key: kit, value: publication },
    { table: 'outbox', key: 'parcel', value: later },
    outbox.toChange(change),
  ])
  expect(await outbox.load()).toEqual({ dropped: 1 })
  expect(outbox.list().map(({ id }) => id)).toEqual([kit])
  expect(outbox.identityChange()).toEqual(change)
  expect(outbox.get('identity')).toBeUndefined()
  outbox.note({ ...change, seq: 3 })
  expect(await outbox.markIdentitySent(2)).toBe(false)
  expect(await outbox.markIdentitySent(3)).toBe(true)
  expect(outbox.identityChange()).toBeUndefined()
  expect(await outbox.markSent(kit, 1)).toBe(true)
  expect(await store.entries('outbox')).toEqual([['parcel', later]])
})

test('a publisher is new until its first use and after damage', async () => {
  const store = createMemoryStore()
  const trust = createTrust({ store, self: () => publisher })
  expect([publisher, other, 'nonsense'].map(trust.stateOf)).toEqual(['self', 'new', 'new'])
  await trust.remember(other, 'bob', 7)
  const stored = await store.entries('settings', 'trust/')
  await trust.remember(other, 'robert', 9)
  await trust.remember('nonsense', 'x', 7)
  await trust.remember(publisher, 'me', 7)
  expect(trust.stateOf(other)).toBe('known')
  expect(stored).toHaveLength(1)
  expect(await store.entries('settings', 'trust/')).toEqual(stored)
  const dropped = await damage(store, 'settings', 'trust/')
  const again = createTrust({ store, self: () => publisher })
  expect(await again.load()).toEqual({ dropped })
  expect(again.stateOf(other)).toBe('known')
  await store.write([{ table: 'settings', key: `trust/${other}`, value: new Uint8Array(3) }])
  const third = createTrust({ store, self: () => publisher })
  await third.load()
  expect(third.stateOf(other)).toBe('new')
})

test('arbitrary stored bytes load without a throw', async () => {
  const bytes = fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(bytes, async (values) => {
      const store = createMemoryStore()
      for (const table of ['library', 'transfers', 'outbox'] as const) {
        await store.write(values.map((value, n) => ({ table, key: `k${n}`, value })))
      }
      for (const part of [createLibrary({ store }), createTransfers({ store }), createOutbox({ store })]) {
        expect(await part.load()).toEqual({ dropped: values.length })
        expect(part.list()).toEqual([])
      }
    }),
    { seed: 6, numRuns: 200 },
  )
})
