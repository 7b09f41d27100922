import { beforeAll, expect, test } from 'vitest'
import { Failure } from '../contract/failures.ts'
import type { ManifestFields, PackageCheck } from '../contract/views.ts'
import { announcementCodec } from '../protocol/announcement.ts'
import { verifyHead } from '../protocol/head.ts'
import { toHex } from '../protocol/ids.ts'
import { verifyRelease } from '../protocol/release.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Change, Store, WriteOptions } from '../store/store.ts'
import { createTestPublisher, rootOf, type TestPublisher, toEntry } from '../testing/test-publisher.ts'
import { createOutbox } from './outbox.ts'
import { createPublisher } from './publish.ts'
import { createRegistry } from './registry.ts'

let alice: TestPublisher
const id = (slug: string) => `${alice.identity.publisherId}/${slug}`

beforeAll(async () => {
  alice = await createTestPublisher(1)
})

const openPublisher = async (store: Store = createMemoryStore()) => {
  let time = 1000
  const registry = createRegistry({ store, crypto: webCrypto, onChange() {} })
  const outbox = createOutbox({ store })
  await registry.load({ own: [alice.identity] })
  await outbox.load()
  const publisher = createPublisher({
    registry,
    outbox,
    identity: { current: () => alice.identity, signer: () => alice.signer, refresh: async () => {} },
    crypto: webCrypto,
    now: () => time++,
    hasTemplates: (files) => files.some(({ path }) => path.endsWith('.tera')),
  })
  return { registry, outbox, publisher, store }
}

const check = (slug: string, version: string, changes: Partial<PackageCheck> = {}): PackageCheck => {
  const fields: ManifestFields = {
    slug,
    version,
    displayName: slug,
    description: 'A package.',
    category: 'backend',
    tags: ['a'],
    keywords: [],
    license: 'MIT',
    authors: [],
    repository: '',
  }
  return {
    ok: true,
    findings: [],
    fields,
    dependencies: [],
    files: [{ path: 'x.tera', size: 3 }],
    size: 3,
    leftOut: [],
    ...changes,
  }
}

const content = (number: number) => ({
  root: rootOf(number),
  size: 3,
  fileCount: 1,
  changes: [{ table: 'manifests', key: `m${number}`, value: new Uint8Array([number]) }] satisfies Change[],
})

test('content, records and outbox entry are stored in one strict write and survive a restart', async () => {
  const store = createMemoryStore()
  const writes: { changes: readonly Change[]; options: WriteOptions | undefined }[] = []
  const watched: Store = {
    ...store,
    write(changes, options) {
      writes.push({ changes, options })
      return store.write(changes, options)
    },
  }
  const { registry, outbox, publisher } = await openPublisher(watched)
  writes.length = 0
  const published = await publisher.publish(check('kit', '1.0.0'), content(1))
  expect(published).toMatchObject({ id: id('kit'), version: '1.0.0', warnings: [], existing: false })
  const strict = writes.filter(({ options }) => options?.durability === 'strict')
  expect(strict).toHaveLength(1)
  expect(strict[0]?.changes.map(({ table }) => table).sort()).toEqual([
    ...['heads', 'identities', 'manifests', 'outbox', 'releases'],
  ])
  expect(outbox.list()).toMatchObject([{ id: id('kit'), version: '1.0.0', seq: 1, reason: 'publish' }])
  const release = registry.get(id('kit'))?.latest?.release
  expect(release?.release).toMatchObject({ seq: 1, prevRelease: null, hasTemplates: true, publishedAt: 1000 })

  const again = await openPublisher(store)
  expect(again.registry.get(id('kit'))).toEqual(registry.get(id('kit')))
  expect(again.outbox.list()).toEqual(outbox.list())
})

test('other peers verify a published package', async () => {
  const { registry, publisher } = await openPublisher()
  await publisher.publish(check('kit', '1.0.0'), content(1))
  const found = registry.get(id('kit'))
  expect(await verifyHead(found?.head.bytes ?? new Uint8Array(), alice.identity, webCrypto)).toMatchObject({ ok: true })
  const bytes = found?.latest?.release?.bytes ?? new Uint8Array()
  expect(await verifyRelease(bytes, alice.identity, webCrypto)).toMatchObject({ ok: true })
})

test('each release links to the previous one, and many versions fill head pages', async () => {
  const { registry, publisher, store } = await openPublisher()
  for (let n = 0; n < 40; n++) await publisher.publish(check('kit', `1.${n}.0`), content(n))
  const found = registry.get(id('kit'))
  expect(found).toMatchObject({ complete: true, head: { head: { seq: 40 } } })
  expect(found?.versions).toHaveLength(40)
  for (const [n, { version, release }] of (found?.versions ?? []).entries()) {
    expect(version).toBe(`1.${39 - n}.0`)
    expect(release?.release.seq).toBe(40 - n)
    const before = found?.versions[n + 1]?.release?.hash
    expect(release?.release.prevRelease ?? undefined).toEqual(before)
  }
  const again = await openPublisher(store)
  expect(again.registry.get(id('kit'))).toEqual(found)
  // Pages not reachable from the newest head are removed.
  const pages = await store.keys('pages')
  const told = new Set(again.registry.entryIds().map(toHex))
  expect(pages.length).toBeGreaterThan(0)
  expect(pages.every((page) => told.has(page))).toBe(true)
})

test('publishing a version again changes nothing with the same content and is refused with other content', async () => {
  const { registry, publisher } = await openPublisher()
  await publisher.publish(check('kit', '1.0.0'), content(1))
  const revision = registry.revision()
  const repeated = await publisher.publish(check('kit', '1.0.0'), content(1))
  expect(repeated).toMatchObject({ existing: true, version: '1.0.0' })
  expect(repeated.warnings).toHaveLength(1)
  expect(registry.revision()).toBe(revision)
  await expect(publisher.publish(check('kit', '1.0.0'), content(2))).rejects.toMatchObject({ name: 'VersionExists' })
  expect(() => publisher.prepare(check('kit', '1.0.0'), { root: rootOf(2) })).toThrow(/version-exists/)
  expect(publisher.prepare(check('kit', '1.0.0'), { root: rootOf(1) }).warnings).toHaveLength(1)
  expect(registry.revision()).toBe(revision)
})

test('a lower version is published with a warning, and the highest stable version stays the latest', async () => {
  const { registry, publisher } = await openPublisher()
  await publisher.publish(check('kit', '2.0.0-beta.1'), content(1))
  expect(registry.get(id('kit'))?.latest?.version).toBe('2.0.0-beta.1')
  const older = await publisher.publish(check('kit', '1.0.0'), content(2))
  expect(older.warnings).toEqual([{ code: 'version-lower', version: '1.0.0', highest: '2.0.0-beta.1' }])
  expect(registry.get(id('kit'))?.latest?.version).toBe('1.0.0')
  expect(registry.get(id('kit'))?.head.head.latest).toBe('1.0.0')
})

test('concurrent publishes give consecutive releases', async () => {
  const { registry, publisher } = await openPublisher()
  const versions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0']
  await Promise.all(versions.map((version, n) => publisher.publish(check('kit', version), content(n))))
  const found = registry.get(id('kit'))
  expect(found?.head.head.seq).toBe(4)
  expect(found?.versions.map(({ release }) => release?.release.seq)).toEqual([4, 3, 2, 1])
  const same = await Promise.allSettled([1, 2].map((n) => publisher.publish(check('tool', '1.0.0'), content(n))))
  expect(same.map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
})

test('nothing is published if storing fails', async () => {
  const store = createMemoryStore()
  let fails = false
  const failing: Store = {
    ...store,
    write: (changes, options) =>
      fails ? Promise.reject(new Failure('QuotaExceeded', { code: 'disk-full' })) : store.write(changes, options),
  }
  const { registry, publisher, outbox } = await openPublisher(failing)
  fails = true
  await expect(publisher.publish(check('kit', '1.0.0'), content(1))).rejects.toMatchObject({ name: 'QuotaExceeded' })
  expect(registry.get(id('kit'))).toBeUndefined()
  expect(outbox.list()).toEqual([])
  fails = false
  await publisher.publish(check('kit', '1.0.0'), content(2))
  expect(registry.get(id('kit'))?.latest?.version).toBe('1.0.0')
})

test('yanking a version signs one new head that marks it', async () => {
  const { registry, publisher, outbox } = await openPublisher()
  await publisher.publish(check('kit', '1.0.0'), content(1))
  await publisher.publish(check('kit', '1.1.0'), content(2))
  expect(await publisher.yank(id('kit'), '1.1.0')).toMatchObject({ changed: true })
  expect(await publisher.yank(id('kit'), '1.1.0')).toMatchObject({ changed: false })
  const found = registry.get(id('kit'))
  expect(found?.versions).toMatchObject([
    { version: '1.1.0', yanked: true },
    { version: '1.0.0', yanked: false },
  ])
  expect(found?.latest?.version).toBe('1.0.0')
  expect(outbox.list()).toMatchObject([{ seq: 3, version: '1.1.0', reason: 'yank' }])
  await expect(publisher.yank(id('kit'), '9.0.0')).rejects.toMatchObject({ name: 'VersionNotFound' })
  await expect(publisher.yank(id('none'), '1.0.0')).rejects.toMatchObject({ name: 'PackageNotFound' })
  await expect(publisher.yank('none', '1.0.0')).rejects.toMatchObject({ name: 'InvalidArgument' })
  const bob = await createTestPublisher(2)
  await expect(publisher.yank(`${bob.identity.publisherId}/kit`, '1.0.0')).rejects.toMatchObject({
    name: 'InvalidArgument',
  })
})

test('a package that failed its check or does not fit a record is refused with a named failure', async () => {
  const { registry, publisher } = await openPublisher()
  const finding = {
    level: 'error',
    name: 'TooManyFiles',
    reason: { code: 'too-many-files', count: 1001, limit: 1000 },
  } as const
  const failed = check('kit', '1.0.0', { ok: false, findings: [finding] })
  await expect(publisher.publish(failed, content(1))).rejects.toMatchObject({
    name: 'TooManyFiles',
    reason: finding.reason,
  })
  await expect(publisher.publish(check('Kit!', '1.0.0'), content(1))).rejects.toMatchObject({ name: 'NameInvalid' })
  await expect(publisher.publish(check('kit', '1.0'), content(1))).rejects.toMatchObject({ name: 'VersionInvalid' })
  const long = check('kit', '1.0.0')
  long.fields.description = 'x'.repeat(301)
  await expect(publisher.publish(long, content(1))).rejects.toMatchObject({
    name: 'RecordMalformed',
    reason: { code: 'record-refused' },
  })
  expect(registry.size()).toBe(0)
})

test('a new version is refused while older versions are missing, because the new head would drop them', async () => {
  const { registry, publisher } = await openPublisher()
  const versions = Array.from({ length: 60 }, (_, n) => ({ version: `1.${60 - n}.0`, release: rootOf(n) }))
  const [head] = await alice.head('kit', 60, versions)
  if (head === undefined) throw new Error('no head')
  await registry.ingest([toEntry(head)], { from: 'peer' })
  await expect(publisher.publish(check('kit', '2.0.0'), content(1))).rejects.toMatchObject({
    name: 'ContentUnavailable',
  })
})

test('an announcement contains the last published release', async () => {
  const { registry, publisher } = await openPublisher()
  await publisher.publish(check('kit', '1.1.0'), content(1))
  await publisher.publish(check('kit', '1.0.1'), content(2))
  const announcement = announcementCodec.decode(registry.announcementFor(id('kit')) ?? new Uint8Array())
  const latest = registry.get(id('kit'))?.versions.find(({ version }) => version === '1.0.1')?.release?.bytes
  expect(announcement).toMatchObject({ ok: true, value: { release: latest } })
})
