import { beforeAll, expect, test } from 'vitest'
import { createCacheMemory } from '../cache/cache-memory.ts'
import type { FoundHead } from '../dht/dht-heads.ts'
import { verifyDhtValue } from '../protocol/dht-value.ts'
import type { Entry } from '../protocol/entry.ts'
import { updateIdentity } from '../protocol/identity.ts'
import { packageId } from '../protocol/ids.ts'
import { type CachedPackage, cachedPackageCodec, toCachedPackage } from '../registry/cached-package.ts'
import { createRegistry } from '../registry/registry.ts'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { untraced } from '../telemetry/operation.ts'
import { createStoredCache } from '../testing/cache-fixtures.ts'
import { createHistory, createTestPublisher, type TestPublisher, toEntry } from '../testing/test-publisher.ts'
import type { DhtValueFound } from './dht.ts'
import { offline } from './network-concerns.ts'
import { createPackageCache } from './package-cache.ts'

const from = { from: 'test' }
let alice: TestPublisher
let kit: Entry[]
let kitId: string

beforeAll(async () => {
  alice = await createTestPublisher(1)
  kit = (await createHistory(alice, 'kit', ['1.0.0'])).map(toEntry)
  kitId = packageId(alice.identity.publisherId, 'kit')
})

/** A package cache over a store; `dht` has the values of the DHT by key, `peers` the answers of connected peers. */
const open = async (
  store: Store = createMemoryStore(),
  dht: ReadonlyMap<string, Uint8Array> = new Map(),
  peers: readonly Entry[] = [],
) => {
  const registry = createRegistry({ store, crypto: webCrypto, onChange() {} })
  await registry.load()
  const lifetime = new AbortController()
  const dhtLookups: string[] = []
  const state = { connections: 1 }
  const findHead = async (key: string): Promise<FoundHead<DhtValueFound> | undefined> => {
    dhtLookups.push(key)
    const read = await verifyDhtValue(key, dht.get(key) ?? new Uint8Array(), webCrypto)
    return read.ok
      ? { identitySeq: read.value.identity.seq, seq: read.value.head.head.seq, value: read.value }
      : undefined
  }
  const describe = async (): Promise<{ asked: number; answered: number }> => {
    await registry.ingest(peers, from)
    return { asked: 1, answered: 1 }
  }
  const memory = createMemory()
  const packageCache = createPackageCache({
    memory,
    store,
    registry,
    latest: Date.now,
    monotonic: () => performance.now(),
    network: {
      started: Promise.resolve(true),
      dht: { findHead },
      query: { describe },
      peers: { connectionCount: () => state.connections },
      sync: { syncNow() {} },
    },
  })
  const figures = () => {
    const { requests, window } = memory.stats()
    return { ...requests.package, window }
  }
  return { store, registry, packageCache, figures, lifetime, dhtLookups, state }
}

const createMemory = () => createCacheMemory({ kinds: ['package'], now: Date.now })

/** A cached value of these entries, from a registry that has all of them, and their DHT values. */
const elsewhere = async (entries: Entry[], id = kitId) => {
  const registry = createRegistry({ store: createMemoryStore(), crypto: webCrypto, onChange() {} })
  await registry.ingest(entries, from)
  const found = registry.get(id)
  const stored = registry.dhtValueFor(id)
  if (found === undefined || stored === undefined) throw new Error('it was refused')
  return { known: toCachedPackage(found), dht: new Map([[stored.key, stored.value]]) }
}

/** Writes to the store what an earlier engine, or a person editing the database, could have left there. */
const plant = async (store: Store, id: string, bytes: Uint8Array): Promise<void> => {
  const codec = { encode: (value: Uint8Array) => value, decode: (value: Uint8Array) => value }
  const planter = createStoredCache({ store, codec, now: Date.now })
  planter.put(id, bytes)
  await planter.stop()
}

/** Version 1.1.0 of the kit, with its head. */
const update = async (): Promise<Entry[]> => {
  const older = await alice.release('kit', '1.0.0')
  const newer = await alice.release('kit', '1.1.0', { seq: 2, prevRelease: older.release.hash })
  const head = await alice.head('kit', 2, [
    { version: '1.1.0', release: newer.release.hash },
    { version: '1.0.0', release: older.release.hash },
  ])
  return [newer, ...head].map(toEntry)
}

const restarted = async (first: Awaited<ReturnType<typeof open>>) => {
  await first.packageCache.stop()
  return open(first.store)
}

test('answers from the DHT once, then from hot; after a restart from cold, verified again', async () => {
  const first = await open(undefined, (await elsewhere(kit)).dht)
  expect(await first.packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'dht' })
  expect(await first.packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'hot' })
  const second = await restarted(first)
  expect(await second.packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'cold' })
  expect(await second.packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'hot' })
  expect([first.dhtLookups.length, second.dhtLookups.length]).toEqual([1, 0])
  expect(second.figures()).toEqual({
    hot: 1,
    warm: 0,
    cold: 1,
    known: 0,
    missed: 0,
    window: { requests: 2, live: 0.5, best: 0.5 },
  })
})

test('answers catalogued packages without the DHT, hot from the second lookup on', async () => {
  const { registry, packageCache, figures, dhtLookups } = await open()
  await registry.ingest(kit, from)
  expect(await packageCache.find(kitId, untraced())).toMatchObject({
    found: true,
    from: 'warm',
    record: { version: '1.0.0' },
  })
  expect(await packageCache.find(kitId, untraced())).toMatchObject({
    found: true,
    from: 'hot',
    record: { version: '1.0.0' },
  })
  expect(dhtLookups).toEqual([])
  expect(figures()).toMatchObject({ hot: 1, known: 1, missed: 0 })
})

test('a package passed to `keep` is hot from the first lookup on', async () => {
  const { registry, packageCache } = await open()
  packageCache.keep(kitId)
  await registry.ingest(kit, from)
  packageCache.keep(kitId)
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ from: 'hot', record: { version: '1.0.0' } })
})

test('beyond the hundred hot entries it is warm', async () => {
  const { registry, packageCache, figures } = await open()
  const slugs = Array.from({ length: 101 }, (_, n) => `p${n}`)
  const entries = await Promise.all(slugs.map((slug) => createHistory(alice, slug, ['1.0.0'])))
  await registry.ingest(entries.flat().map(toEntry), from)
  for (const slug of slugs) packageCache.keep(packageId(alice.identity.publisherId, slug))
  const answers = []
  // In reverse order, because the first entries leave the hot tier first.
  for (const slug of slugs.reverse())
    answers.push(await packageCache.find(packageId(alice.identity.publisherId, slug), untraced()))
  expect(new Set(answers.map((answer) => answer.from))).toEqual(new Set(['hot', 'warm']))
  expect(answers.map(({ record }) => record?.slug)).toEqual(slugs)
  expect(figures()).toMatchObject({ cold: 0, known: 0 })
})

test('an older head, hot or on disk, never hides a newer one', async () => {
  const first = await open()
  await first.registry.ingest(kit, from)
  await first.packageCache.find(kitId, untraced())
  await first.packageCache.flush()
  const [name] = await first.store.keys('cache')
  await first.registry.ingest(await update(), from)
  // A tab killed now leaves the older head on disk.
  const second = await open(first.store)
  expect(await second.packageCache.find(kitId, untraced())).toMatchObject({
    from: 'warm',
    record: { version: '1.1.0' },
  })
  await second.packageCache.stop()
  const names = await second.store.keys('cache')
  expect(names).toHaveLength(1)
  expect(names).not.toEqual([name])

  expect(await first.packageCache.find(kitId, untraced())).toMatchObject({ from: 'warm', record: { version: '1.1.0' } })
  expect(await first.packageCache.find(kitId, untraced())).toMatchObject({ from: 'hot', record: { version: '1.1.0' } })
})

test('a release that arrives after its head is part of the next answer', async () => {
  const { registry, packageCache } = await open(undefined, (await elsewhere(kit)).dht)
  expect((await packageCache.find(kitId, untraced())).record).toBeUndefined()
  await registry.ingest(kit, from)
  expect((await packageCache.find(kitId, untraced())).record).toMatchObject({ version: '1.0.0' })
})

test('a head not signed by the publisher’s new keys is not answered from the cache', async () => {
  const { registry, packageCache, dhtLookups } = await open()
  await registry.ingest(kit, from)
  await packageCache.find(kitId, untraced())
  const signer = await createSigner(new Uint8Array(32).fill(77))
  const identity = await updateIdentity(
    alice.identity,
    { signingKeys: [signer.publicKey] },
    [alice.rotation],
    webCrypto,
  )
  await registry.ingest([toEntry(await alice.identityEntry(identity))], from)
  expect(registry.get(kitId)).toBeUndefined()
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: false, from: 'none' })
  expect(dhtLookups).toHaveLength(1)
  await packageCache.flush()
})

test('a catalogue that lost a package recovers it from the disk', async () => {
  const store = createMemoryStore()
  await plant(store, kitId, cachedPackageCodec.encode((await elsewhere(kit)).known))
  const { registry, packageCache } = await open(store)
  expect(registry.get(kitId)).toBeUndefined()
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ from: 'cold', record: { version: '1.0.0' } })
  expect(registry.get(kitId)?.versions).toHaveLength(1)
})

test.each<[string, (good: CachedPackage) => Promise<Uint8Array> | Uint8Array]>([
  ['no records', () => new Uint8Array([1, 2, 3])],
  [
    'a signature that is wrong',
    ({ records, ...good }) => encode({ ...good, records: { ...records, head: forged(records.head) } }),
  ],
  [
    'the head of a stranger',
    async ({ records, ...good }) => {
      const mallory = await createTestPublisher(9)
      const theirs = await elsewhere(
        (await createHistory(mallory, 'kit', ['9.0.0'])).map(toEntry),
        packageId(mallory.identity.publisherId, 'kit'),
      )
      return encode({ ...good, records: { ...theirs.known.records, identity: records.identity } })
    },
  ],
  [
    'another package',
    async () =>
      encode(
        (
          await elsewhere(
            (await createHistory(alice, 'tool', ['1.0.0'])).map(toEntry),
            packageId(alice.identity.publisherId, 'tool'),
          )
        ).known,
      ),
  ],
])('%s on disk is rejected and removed, and the DHT is queried', async (_what, damage) => {
  const { known, dht } = await elsewhere(kit)
  const store = createMemoryStore()
  await plant(store, kitId, await damage(known))
  const planted = await store.keys('cache')
  const { packageCache, figures, dhtLookups, registry } = await open(store, dht)
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'dht' })
  expect(dhtLookups).toHaveLength(1)
  expect(figures()).toMatchObject({ cold: 0, missed: 1 })
  expect(registry.get(packageId(alice.identity.publisherId, 'tool'))).toBeUndefined()
  await packageCache.stop()
  const names = await store.keys('cache')
  expect(names).toHaveLength(1)
  expect(names).not.toEqual(planted)
})

const encode = (known: CachedPackage): Uint8Array => cachedPackageCodec.encode(known)

test('an unsigned release on disk is rejected; the head beside it is accepted', async () => {
  const { known, dht } = await elsewhere(kit)
  const store = createMemoryStore()
  const release = forged(known.records.release ?? new Uint8Array())
  await plant(store, kitId, encode({ ...known, records: { ...known.records, release } }))
  const { packageCache, registry } = await open(store, dht)
  const answer = await packageCache.find(kitId, untraced())
  expect(answer).toMatchObject({ found: true, from: 'warm' })
  expect(answer.record).toBeUndefined()
  expect(registry.get(kitId)?.latest).toBeUndefined()
})

/** The last bytes of a signed record are its signature. */
const forged = (record: Uint8Array): Uint8Array =>
  record.map((byte, at) => (at === record.length - 1 ? byte ^ 1 : byte))

test('a hundred callers of one missing id share a DHT lookup, until the catalogue has the package', async () => {
  const { registry, packageCache, figures, dhtLookups } = await open()
  const answers = await Promise.all(Array.from({ length: 100 }, () => packageCache.find(kitId, untraced())))
  expect(answers.every(({ found, from }) => !found && from === 'none')).toBe(true)
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: false })
  expect(dhtLookups).toHaveLength(1)
  expect(figures()).toMatchObject({ missed: 1, hot: 0, known: 0 })
  await registry.ingest(kit, from)
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'warm' })
  expect(dhtLookups).toHaveLength(1)
})

test('a lookup without peers is not cached as missing', async () => {
  const { packageCache, dhtLookups, state } = await open()
  state.connections = 0
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: false, from: 'none' })
  state.connections = 1
  await packageCache.find(kitId, untraced())
  expect(dhtLookups).toHaveLength(2)
})

test('without a network only known packages are found', async () => {
  const { registry, store } = await open()
  await registry.ingest(kit, from)
  const packageCache = createPackageCache({
    store,
    registry,
    network: { ...offline, started: Promise.resolve(false) },
    memory: createMemory(),
    latest: Date.now,
    monotonic: () => performance.now(),
  })
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: true })
  expect(await packageCache.find(`${kitId}-2`, untraced())).toMatchObject({ found: false, from: 'none' })
})

test('a lost store disables only the cold tier', async () => {
  const { store, packageCache } = await open(undefined, (await elsewhere(kit)).dht)
  await store.close()
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'dht' })
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'hot' })
  await packageCache.stop()
})

test('a stop cancels running lookups and stores the results', async () => {
  const { registry, store, packageCache, lifetime } = await open()
  await registry.ingest(kit, from)
  await packageCache.find(kitId, untraced())
  const silent = createPackageCache({
    store,
    registry,
    memory: createMemory(),
    latest: Date.now,
    monotonic: () => performance.now(),
    network: { ...offline, started: new Promise(() => {}) },
  })
  const waiting = silent.find(`${kitId}-2`, untraced(lifetime.signal)).catch(({ name }) => name)
  lifetime.abort()
  expect(await waiting).toBe('Cancelled')
  await packageCache.stop()
  expect(await store.keys('cache')).toHaveLength(1)
})

test('a malformed package id is refused by name', async () => {
  const { packageCache } = await open()
  await expect(packageCache.find('kit', untraced())).rejects.toMatchObject({ name: 'InvalidArgument' })
})

test('a connected peer answers for a package missing from the DHT', async () => {
  const { packageCache, dhtLookups } = await open(createMemoryStore(), new Map(), kit)
  expect(await packageCache.find(kitId, untraced())).toMatchObject({ found: true, from: 'dht', record: { id: kitId } })
  expect(dhtLookups).toHaveLength(1)
  await packageCache.stop()
})
