import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createHistory, createTestPublisher, type TestPublisher, toEntry } from '../testing/test-publisher.ts'
import { cachedPackageCodec, cachedPackageToEntries, isCurrent, toCachedPackage } from './cached-package.ts'
import type { CataloguePackage } from './catalogue.ts'
import { packageToSummary } from './package-views.ts'
import { createRegistry, type Registry } from './registry.ts'

let alice: TestPublisher

beforeAll(async () => {
  alice = await createTestPublisher(1)
})

const registryOf = (): Registry => createRegistry({ store: createMemoryStore(), crypto: webCrypto, onChange() {} })

const open = async (slug: string, versions: string[], publisher = alice) => {
  const registry = registryOf()
  await registry.ingest((await createHistory(publisher, slug, versions)).map(toEntry), { from: 'test' })
  const found = (): CataloguePackage => {
    const now = registry.get(`${publisher.identity.publisherId}/${slug}`)
    if (now === undefined) throw new Error('it is not in the catalogue')
    return now
  }
  return { registry, found }
}

const decoded = (bytes: Uint8Array) => {
  const cached = cachedPackageCodec.decode(bytes)
  if (cached === undefined) throw new Error('it does not decode')
  return cached
}

test('survives encoding and equals the catalogue', async () => {
  // The shown version is not the last published one.
  const { found } = await open('kit', ['1.0.1', '1.1.0', '1.0.0'])
  const cached = decoded(cachedPackageCodec.encode(toCachedPackage(found())))
  expect(cached.summary).toEqual(packageToSummary(found()))
  expect(cached.summary).toMatchObject({ version: '1.1.0', publisherName: 'publisher-1' })
  expect(cached.id).toBe(found().id)
  expect(isCurrent(cached, found())).toBe(true)
})

test('its entries are sufficient for another catalogue', async () => {
  const { found } = await open('kit', ['1.0.0'])
  const other = registryOf()
  const result = await other.ingest(cachedPackageToEntries(toCachedPackage(found())), { from: 'test' })
  expect(result).toMatchObject({ accepted: 3, rejected: 0 })
  expect(packageToSummary(other.get(found().id) as CataloguePackage)).toEqual(packageToSummary(found()))
})

test('a head without a release decodes without a summary', async () => {
  const { found } = await open('kit', ['1.0.0'])
  const registry = registryOf()
  await registry.ingest(cachedPackageToEntries(toCachedPackage(found())).slice(0, 2), { from: 'test' })
  const bare = registry.get(found().id)
  if (bare === undefined) throw new Error('the head was refused')
  const cached = decoded(cachedPackageCodec.encode(toCachedPackage(bare)))
  expect(cached).toMatchObject({ id: found().id, summary: undefined })
  expect(isCurrent(cached, bare)).toBe(true)
  expect(isCurrent(cached, found())).toBe(false)
})

test('is not current after a newer head', async () => {
  const { registry, found } = await open('kit', ['1.0.0'])
  const cached = toCachedPackage(found())
  const newer = await alice.release('kit', '1.1.0', { seq: 2, prevRelease: new Uint8Array(32) })
  const older = await alice.release('kit', '1.0.0')
  const head = await alice.head('kit', 2, [
    { version: '1.1.0', release: newer.release.hash },
    { version: '1.0.0', release: older.release.hash },
  ])
  await registry.ingest([newer, ...head].map(toEntry), { from: 'test' })
  expect(isCurrent(cached, found())).toBe(false)
  expect(toCachedPackage(found()).summary?.version).toBe('1.1.0')
})

test('records of different packages do not decode', async () => {
  const [kit, tool] = [await open('kit', ['1.0.0']), await open('tool', ['1.0.0'])]
  const records = { ...toCachedPackage(kit.found()).records, release: toCachedPackage(tool.found()).records.release }
  const mixed = cachedPackageCodec.encode({ ...toCachedPackage(kit.found()), records })
  expect(cachedPackageCodec.decode(mixed)).toBeUndefined()
})

test('arbitrary and mutated bytes decode to a value or undefined', async () => {
  const { found } = await open('kit', ['1.0.0'])
  const good = cachedPackageCodec.encode(toCachedPackage(found()))
  const edited = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
    const bytes = good.slice()
    bytes[at] = (bytes[at] ?? 0) ^ by
    return bytes
  })
  const cut = fc.nat(good.length - 1).map((end) => good.slice(0, end))
  fc.assert(
    fc.property(fc.oneof(edited, cut, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const cached = cachedPackageCodec.decode(bytes)
      if (cached !== undefined) expect(cachedPackageCodec.encode(cached)).toEqual(bytes)
    }),
    { seed: 4, numRuns: 500 },
  )
})
