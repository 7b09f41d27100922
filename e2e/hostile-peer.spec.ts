import type { Page } from '@playwright/test'
import type { Entry } from '../workers/protocol/entry.ts'
import { textToRoot } from '../workers/protocol/ids.ts'
import {
  announcementOf,
  createForger,
  entriesOf,
  signedBy,
  withChangedFields,
  withForgedIdentity,
  withWrongSignature,
} from '../workers/testing/forged-records.ts'
import { type HostileNode, startHostileNode } from './fixtures/hostile-node.ts'
import { install, type Outcome, publish, type Recipe, storedState } from './fixtures/outcomes.ts'
import { test as base, expect } from './fixtures/test.ts'

const test = base.extend<{ hostile: HostileNode; distant: HostileNode }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
  hostile: async ({}, use) => {
    const hostile = await startHostileNode()
    await use(hostile)
    await hostile.stop()
  },
  /** Reachable only through the relay. */
  distant: async ({ relay }, use) => {
    const distant = await startHostileNode({ listen: false })
    await distant.joinRelay(relay.relay)
    await use(distant)
    await distant.stop()
  },
})

const files = (slug: string, noise = 0): Recipe[] => [
  {
    path: 'package.toml',
    text: `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n`,
  },
  { path: 'a.txt', text: `${slug}\n` },
  ...(noise === 0 ? [] : [{ path: 'big.bin', noise }]),
]

const idOf = (published: Outcome<{ id: string }>): string => {
  if (published.failed) throw new Error(published.message)
  return published.value.id
}

const replaced = (entries: Entry[], kind: Entry['kind'], bytes: Uint8Array): Entry[] =>
  entries.map((entry): Entry => (entry.kind === kind ? { kind, bytes } : entry))

test('a tab ignores forged and old records from a relayed connection and from gossip', async ({
  join,
  relay,
  distant,
}) => {
  const [a, b] = [await join(), await join()]
  idOf(await publish(a.page, files('own')))
  const { peerId } = await a.status()
  const connection = await distant.reachTab(relay.relay, peerId)
  expect(connection.limits).toBeDefined()

  // Valid records take the same path first, so that the refusals below are due to their content.
  const publisher = await createForger('publisher')
  const stranger = await createForger('stranger')
  const valid = await publisher.release('synced', '2.0.0', 2)
  await distant.give(peerId, entriesOf(valid))
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(2)
  // The relay forwards a valid announcement.
  expect(await distant.announce(announcementOf(entriesOf(await publisher.release('announced', '1.0.0'))))).toBe(1)
  await expect.poll(async () => (await a.search({ text: '' })).total).toBe(3)
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(3)
  const before = [await storedState(a.page), await storedState(b.page)]

  const newer = await publisher.release('synced', '3.0.0', 3)
  const older = await publisher.release('synced', '1.0.0', 1)
  const unknown = await (await createForger('unknown')).release('other', '1.0.0')
  const forgeries = {
    'a wrong signature': replaced(entriesOf(valid), 'release', withWrongSignature('release', valid.release.bytes)),
    'a changed field': replaced(
      entriesOf(valid),
      'release',
      withChangedFields(valid.release.bytes, { root: new Uint8Array(32).fill(66) }),
    ),
    'a head signed by another publisher': entriesOf(await signedBy(stranger, newer)),
    'a forged identity': replaced(entriesOf(unknown), 'identity', withForgedIdentity(unknown.identity.chain)),
    'an older head': entriesOf(older).slice(0, 2),
  }
  for (const [what, entries] of Object.entries(forgeries)) {
    // A new peer for each, since some get banned.
    const forger = await startHostileNode({ listen: false })
    await forger.joinRelay(relay.relay)
    await forger.reachTab(relay.relay, peerId)
    // The relay refuses these like the tabs, so the number of recipients does not matter.
    await forger.announce(announcementOf(entries))
    await forger.give(peerId, entries).catch(() => {})
    expect.soft(await storedState(a.page), what).toEqual(before[0])
    await forger.stop()
  }
  expect(await storedState(b.page)).toEqual(before[1])
  expect((await a.search({ text: 'synced' })).hits.map(({ version }) => version)).toEqual(['2.0.0'])

  const id = idOf(await publish(a.page, files('after')))
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(4)
  expect(await install(b.page, [id])).toMatchObject({ failed: false })
})

test('a tab drops a peer that sends many forgeries and stores none of them', async ({ join, hostile }) => {
  const a = await join()
  idOf(await publish(a.page, files('own')))
  const { peerId } = await a.status()
  const forger = await createForger('forger')
  const forged = await Promise.all(
    Array.from({ length: 40 }, async (_, at): Promise<Entry> => {
      const { release } = await forger.release(`forged-${at}`, '1.0.0')
      return { kind: 'release', bytes: withWrongSignature('release', release.bytes) }
    }),
  )
  await a.page.evaluate((address) => window.ggen.connect(address), hostile.address)
  await expect.poll(() => hostile.isConnectedTo(peerId)).toBe(true)
  // The tab needs the identity to detect a forgery.
  await hostile.give(peerId, entriesOf(await forger.release('good', '1.0.0')))
  await expect.poll(async () => (await a.search({ text: '' })).total).toBe(2)
  const before = await storedState(a.page)
  expect(hostile.lostConnections(peerId)).toBe(0)
  await hostile.give(peerId, forged).catch(() => {})
  await expect.poll(() => hostile.lostConnections(peerId)).toBeGreaterThan(0)
  expect(await storedState(a.page)).toEqual(before)
  expect(await publish(a.page, files('after'))).toMatchObject({ failed: false })
})

test('a tab drops a peer that serves corrupt pieces and fetches them from another', async ({ join, hostile }) => {
  const [a, b] = [await join(), await join()]
  // Large enough that the tab requests and checks corrupt pieces long before the honest peer has sent all.
  const id = idOf(await publish(a.page, files('large', 24_000_000)))
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(1)

  // The hostile peer has the manifest and corrupts every piece.
  const root = textToRoot((await a.page.evaluate((id) => window.ggen.resolve([id]), id)).packages[0]?.root ?? '')
  if (!root.ok) throw new Error(root.message)
  const manifest = await manifestOf(a.page, root.value)
  const size = await sizeOf(a.page, id)
  let corruptPieces = 0
  await hostile.servePieces({
    manifestBytes: async () => manifest,
    async piece(_root, index) {
      corruptPieces += 1
      return new Uint8Array(Math.min(262_144, size - index * 262_144)).fill(corruptPieces)
    },
  })
  const { peerId } = await b.status()
  await b.page.evaluate((address) => window.ggen.connect(address), hostile.address)
  await expect.poll(() => hostile.isConnectedTo(peerId)).toBe(true)
  await expect.poll(async () => (await b.status()).directConnections).toBe(2)
  expect(hostile.lostConnections(peerId)).toBe(0)
  expect(await install(b.page, [id])).toMatchObject({ failed: false })
  expect(corruptPieces).toBeGreaterThan(0)
  await expect.poll(() => hostile.lostConnections(peerId)).toBeGreaterThan(0)
  expect(await b.page.evaluate((id) => window.ggen.verify(id, '1.0.0'), id)).toEqual({ ok: true, damaged: [] })
})

test('an install survives the crash of a provider', async ({ join }) => {
  const [a, b, c] = [await join(), await join(), await join()]
  const id = idOf(await publish(a.page, files('large', 30_000_000)))
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(1)
  expect(await install(b.page, [id])).toMatchObject({ failed: false })
  await expect.poll(async () => (await c.search({ text: '' })).total).toBe(1)
  await expect.poll(async () => (await c.status()).directConnections).toBe(2)
  const killer = await a.context.newCDPSession(a.page)

  const installing = c.page.evaluate(
    (id) =>
      window.ggen.install([id]).then(
        ({ bytes }) => bytes,
        (error: Error) => error.name,
      ),
    id,
  )
  // Both providers have sent pieces, and most are still missing.
  await c.page.evaluate(
    () =>
      new Promise<void>((resolve) => {
        window.ggen.subscribe((batch) => {
          for (const update of batch) if (update.kind === 'transfer' && update.transfer.sources === 2) resolve()
        })
      }),
  )
  // A crashed tab closes no connections.
  const crashed = a.page.waitForEvent('crash')
  killer.send('Page.crash').catch(() => {})
  await crashed
  expect(await c.library()).toEqual([])
  expect(await installing).toBeGreaterThan(29_000_000)
  expect(await c.page.evaluate((id) => window.ggen.verify(id, '1.0.0'), id)).toEqual({ ok: true, damaged: [] })
  expect((await c.library()).map(({ slug }) => slug)).toEqual(['large'])
})

/** Reads the manifest of a content from the database of a tab. */
const manifestOf = async (page: Page, root: Uint8Array): Promise<Uint8Array> => {
  const bytes = await page.evaluate(
    (key) =>
      new Promise<number[]>((resolve, reject) => {
        const opening = indexedDB.open('ggen-default')
        opening.onerror = () => reject(opening.error)
        opening.onsuccess = () => {
          const database = opening.result
          const request = database.transaction('manifests').objectStore('manifests').get(key)
          request.onerror = () => reject(request.error)
          request.onsuccess = () => {
            database.close()
            resolve([...(request.result as Uint8Array)])
          }
        }
      }),
    Buffer.from(root).toString('hex'),
  )
  return Uint8Array.from(bytes)
}

const sizeOf = async (page: Page, id: string): Promise<number> =>
  page.evaluate(async (id) => (await window.ggen.describe(id)).summary.size, id)
