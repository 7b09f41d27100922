import { openDB } from 'idb'
import { expect, test } from 'vitest'
import { createCacheMemory } from '../cache/cache-memory.ts'
import { headKey, packageId } from '../protocol/ids.ts'
import { createRegistry } from '../registry/registry.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { openIdbStore } from '../store/idb-store.ts'
import { untraced } from '../telemetry/operation.ts'
import { createHistory, createTestPublisher, toEntry } from '../testing/test-publisher.ts'
import { offline } from './network-concerns.ts'
import { createPackageCache } from './package-cache.ts'

/** A package cache over the browser's IndexedDB, with an empty DHT. */

const open = async (name: string) => {
  const store = await openIdbStore(name)
  const registry = createRegistry({ store, crypto: webCrypto, onChange() {} })
  await registry.load()
  const dhtLookups: string[] = []
  const packageCache = createPackageCache({
    store,
    registry,
    memory: createCacheMemory({ kinds: ['package'], now: Date.now }),
    latest: Date.now,
    monotonic: () => performance.now(),
    network: {
      ...offline,
      started: Promise.resolve(true),
      dht: {
        async findHead(key) {
          dhtLookups.push(key)
          return undefined
        },
      },
      peers: { connectionCount: () => 1 },
    },
  })
  const close = async (): Promise<void> => {
    await packageCache.stop()
    await store.close()
  }
  return { store, registry, packageCache, dhtLookups, close }
}

const packages = async (slugs: readonly string[]) => {
  const alice = await createTestPublisher(1)
  const histories = await Promise.all(slugs.map((slug) => createHistory(alice, slug, ['1.0.0'])))
  const { publisherId } = alice.identity
  return { publisherId, entries: histories.flat().map(toEntry), ids: slugs.map((slug) => packageId(publisherId, slug)) }
}

const freshName = (): string => `ggen-lookups-test-${crypto.randomUUID()}`

test('looked-up packages are cold for the next engine, then hot', async () => {
  const name = freshName()
  const { entries, ids } = await packages(['kit', 'tool'])
  const first = await open(name)
  await first.registry.ingest(entries, { from: 'test' })
  for (const id of ids) expect((await first.packageCache.find(id, untraced())).from).toBe('warm')
  await first.close()
  const second = await open(name)
  for (const id of ids)
    expect(await second.packageCache.find(id, untraced())).toMatchObject({ from: 'cold', record: { id } })
  for (const id of ids) expect((await second.packageCache.find(id, untraced())).from).toBe('hot')
  await second.close()
})

test('records tampered with in IndexedDB are replaced from the catalogue', async () => {
  const name = freshName()
  const { entries, ids } = await packages(['bits', 'type', 'swap-a', 'swap-b'])
  const first = await open(name)
  await first.registry.ingest(entries, { from: 'test' })
  for (const id of ids) await first.packageCache.find(id, untraced())
  await first.close()
  const editor = await openDB(name)
  const keys = (await editor.getAllKeys('cache')).map(String)
  const keyOf = (slug: string): string => keys.find((key) => key.includes(slug)) ?? ''
  const recordOf = async (slug: string): Promise<Uint8Array> => editor.get('cache', keyOf(slug))
  const [a, b] = [await recordOf('swap-a'), await recordOf('swap-b')]
  await editor.put(
    'cache',
    (await recordOf('bits')).map((byte) => byte ^ 1),
    keyOf('bits'),
  )
  await editor.put('cache', 'a text', keyOf('type'))
  await editor.put('cache', b, keyOf('swap-a'))
  await editor.put('cache', a, keyOf('swap-b'))
  editor.close()
  const second = await open(name)
  for (const id of ids)
    expect(await second.packageCache.find(id, untraced())).toMatchObject({ from: 'warm', record: { id } })
  expect(second.dhtLookups).toEqual([])
  await second.close()
  const third = await open(name)
  for (const id of ids) expect((await third.packageCache.find(id, untraced())).from).toBe('cold')
  await third.close()
})

test('continues with memory, catalogue and DHT when its database is closed', async () => {
  const { entries, ids, publisherId } = await packages(['kit'])
  const [id = ''] = ids
  const { store, registry, packageCache, dhtLookups } = await open(freshName())
  await registry.ingest(entries, { from: 'test' })
  await store.close()
  expect((await packageCache.find(id, untraced())).from).toBe('warm')
  expect((await packageCache.find(id, untraced())).from).toBe('hot')
  expect((await packageCache.find(packageId(publisherId, 'other'), untraced())).found).toBe(false)
  expect(dhtLookups).toEqual([headKey(publisherId, 'other')])
  await packageCache.stop()
})
