import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { createHistory, createTestPublisher, type TestPublisher, toEntry } from '../testing/test-publisher.ts'
import { cachedPackageCodec, cachedPackageToEntries, isAsCatalogued, toCachedPackage } from './cached-package.ts'
import type { CataloguePackage } from './catalogue.ts'
import { createRegistry, type Registry } from './registry.ts'
import { packageToSummary } from './summary.ts'

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
  const known = cachedPackageCodec.decode(bytes)
  if (known === undefined) throw new Error('it does not decode')
  return known
}

test('says what the catalogue says, also when it was encoded', async () => {
  // The version that is shown is not the one that was published last.
  const { found } = await open('kit', ['1.0.1', '1.1.0', '1.0.0'])
  const known = decoded(cachedPackageCodec.encode(toCachedPackage(found())))
  expect(known.summary).toEqual(packageToSummary(found()))
  expect(known.summary).toMatchObject({ version: '1.1.0', publisherName: 'publisher-1' })
  expect(known.id).toBe(found().id)
  expect(isAsCatalogued(known, found())).toBe(true)
})

test('its entries are all that another catalogue needs', async () => {
  const { found } = await open('kit', ['1.0.0'])
  const other = registryOf()
  const result = await other.ingest(cachedPackageToEntries(toCachedPackage(found())), { from: 'test' })
  expect(result).toMatchObject({ accepted: 3, rejected: 0 })
  expect(packageToSummary(other.get(found().id) as CataloguePackage)).toEqual(packageToSummary(found()))
})

test('a head without a release is known, and says nothing yet', async () => {
  const { found } = await open('kit', ['1.0.0'])
  const registry = registryOf()
  await registry.ingest(cachedPackageToEntries(toCachedPackage(found())).slice(0, 2), { from: 'test' })
  const bare = registry.get(found().id)
  if (bare === undefined) throw new Error('the head was refused')
  const known = decoded(cachedPackageCodec.encode(toCachedPackage(bare)))
  expect(known).toMatchObject({ id: found().id, summary: undefined })
  expect(isAsCatalogued(known, bare)).toBe(true)
  expect(isAsCatalogued(known, found())).toBe(false)
})

test('is no longer as catalogued after a newer head', async () => {
  const { registry, found } = await open('kit', ['1.0.0'])
  const known = toCachedPackage(found())
  const newer = await alice.release('kit', '1.1.0', { seq: 2, prevRelease: new Uint8Array(32) })
  const older = await alice.release('kit', '1.0.0')
  const head = await alice.head('kit', 2, [
    { version: '1.1.0', release: newer.release.hash },
    { version: '1.0.0', release: older.release.hash },
  ])
  await registry.ingest([newer, ...head].map(toEntry), { from: 'test' })
  expect(isAsCatalogued(known, found())).toBe(false)
  expect(toCachedPackage(found()).summary?.version).toBe('1.1.0')
})

test('records of two packages are none', async () => {
  const [kit, tool] = [await open('kit', ['1.0.0']), await open('tool', ['1.0.0'])]
  const records = { ...toCachedPackage(kit.found()).records, release: toCachedPackage(tool.found()).records.release }
  const mixed = cachedPackageCodec.encode({ ...toCachedPackage(kit.found()), records })
  expect(cachedPackageCodec.decode(mixed)).toBeUndefined()
})

test('any bytes, also nearly right ones, are a value or nothing', async () => {
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
      const known = cachedPackageCodec.decode(bytes)
      if (known !== undefined) expect(cachedPackageCodec.encode(known)).toEqual(bytes)
    }),
    { seed: 4, numRuns: 500 },
  )
})
