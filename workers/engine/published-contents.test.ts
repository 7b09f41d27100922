import { expect, test } from 'vitest'
import { packageId, rootToText } from '../protocol/ids.ts'
import { createLibrary } from '../registry/library.ts'
import { createOutbox } from '../registry/outbox.ts'
import { createRegistry } from '../registry/registry.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createHistory, createTestPublisher, rootOf, toEntry } from '../testing/test-publisher.ts'
import { publishedContents } from './published-contents.ts'

const alice = await createTestPublisher(1)
const { publisherId } = alice.identity

const read = async (store: Store) => {
  const registry = createRegistry({ store, crypto: webCrypto, onChange() {} })
  const outbox = createOutbox({ store })
  await registry.load({ own: [alice.identity] })
  await outbox.load()
  const library = createLibrary({ store })
  await library.load()
  return publishedContents(registry, outbox, library, publisherId)
}

const fill = async (): Promise<Store> => {
  const store = createMemoryStore()
  const registry = createRegistry({ store, crypto: webCrypto, onChange() {} })
  const bob = await createTestPublisher(2)
  const entries = [
    ...(await createHistory(alice, 'kit', ['1.1.0', '1.0.0'])),
    // Signed, but named by no head.
    await alice.release('kit', '0.9.0', { root: rootOf(9) }),
    await alice.release('lost', '1.0.0', { root: rootOf(8) }),
    await bob.identityEntry(),
    await bob.release('kit', '1.0.0', { root: rootOf(7) }),
  ]
  await registry.ingest(entries.map(toEntry), { from: 'test' })
  return store
}

const rootTexts = (...numbers: number[]): string[] => numbers.map((number) => rootToText(rootOf(number))).sort()

test('every own release counts, whether or not a head names it, also after a reload', async () => {
  const { roots, complete } = await read(await fill())
  expect([...roots].sort()).toEqual(rootTexts(1, 8, 9))
  expect(complete).toBe(true)
})

test('a head with damaged releases, or an outbox entry without its package, makes the result incomplete', async () => {
  const damaged = await fill()
  for (const key of await damaged.keys('releases')) {
    await damaged.write([{ table: 'releases', key, value: new Uint8Array([1]) }])
  }
  expect((await read(damaged)).complete).toBe(false)

  const headless = await fill()
  const outbox = createOutbox({ store: headless })
  await headless.write([
    outbox.toChange({
      v: 1,
      id: packageId(publisherId, 'gone'),
      slug: 'gone',
      version: '1.0.0',
      seq: 1,
      publishedAt: 1,
      reason: 'publish',
    }),
  ])
  expect((await read(headless)).complete).toBe(false)
})

test('a damaged head does not hide releases', async () => {
  const store = await fill()
  for (const key of await store.keys('heads')) {
    await store.write([{ table: 'heads', key, value: new Uint8Array([1]) }])
  }
  expect([...(await read(store)).roots].sort()).toEqual(rootTexts(1, 8, 9))
})

test('an installed own package counts without records of it', async () => {
  const store = createMemoryStore()
  const [own, other] = [publisherId, (await createTestPublisher(2)).identity.publisherId]
  for (const [publisher, number] of [
    [own, 3],
    [other, 4],
  ] as const) {
    await createLibrary({ store }).add({
      id: packageId(publisher, 'kit'),
      slug: 'kit',
      version: '1.0.0',
      displayName: 'kit',
      publisherName: 'x',
      root: rootToText(rootOf(number)),
      size: 1,
      installedAt: 1,
      asDependency: false,
      files: [],
    })
  }
  expect([...(await read(store)).roots]).toEqual(rootTexts(3))
})
