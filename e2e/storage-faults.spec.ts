import type { BrowserContext, Page } from '@playwright/test'
import { everythingKept, install, publish } from './fixtures/attempts.ts'
import { engineUp, openPeer, peerOf } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

/** Storage that goes away under a running engine, or was damaged while no tab was open. */

const files = (slug: string) => [
  {
    path: 'package.toml',
    text: `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n`,
  },
  { path: 'a.txt', text: `${slug}\n` },
]

const published = async (page: Page, slug: string): Promise<string> => {
  const outcome = await publish(page, files(slug))
  if (outcome.failed) throw new Error(outcome.message)
  return outcome.value.id
}

/** A page of the same origin without the app: another tab that does something to the database. */
const openBystander = async (context: BrowserContext, address: string): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(`${address}/manifest.webmanifest`)
  return page
}

/** The page says that its storage is gone, commands that must store say it by name, and all that only reads goes on. */
const expectLoss = async (page: Page, words: RegExp, known: string): Promise<void> => {
  expect(await publish(page, files('refused'))).toMatchObject({ failed: true, name: 'StorageUnavailable' })
  await expect(page.getByRole('region', { name: 'Notices' }).getByText(words)).toBeVisible()
  expect(await peerOf(page).status()).toMatchObject({ steps: { storage: { state: 'failed' } } })
  expect((await peerOf(page).search({ text: '' })).hits.map(({ id }) => id)).toEqual([known])
}

test('the stored data is deleted by another tab: it is said, and after a reload peers give back what they have', async ({
  join,
  relay,
}) => {
  const [a, b] = [await join(), await join()]
  const id = await published(a.page, 'shared')
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(1)
  const bystander = await openBystander(a.context, relay.page)
  await bystander.evaluate(
    () =>
      new Promise((resolve, reject) => {
        const deleting = indexedDB.deleteDatabase('ggen-default')
        deleting.onsuccess = resolve
        deleting.onerror = () => reject(deleting.error)
      }),
  )
  await expectLoss(a.page, /deleted while it was open\. Reload the page/, id)
  await a.page.reload()
  await engineUp(a.page)
  expect(await a.status()).toMatchObject({ persistent: true, steps: { storage: { state: 'ok' } } })
  await expect.poll(async () => (await a.search({ text: '' })).hits.map((hit) => hit.id)).toEqual([id])
})

test('another tab wants the database for a newer version: it is let go, said, and nothing is lost', async ({
  join,
  relay,
}) => {
  const a = await join()
  const id = await published(a.page, 'kept')
  expect(await install(a.page, [id])).toMatchObject({ failed: false })
  const before = await everythingKept(a.page)
  const bystander = await openBystander(a.context, relay.page)
  // It comes as far as the upgrade, and gives up: the data stays what it is.
  await bystander.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const opening = indexedDB.open('ggen-default', 1_000)
        opening.onupgradeneeded = () => opening.transaction?.abort()
        opening.onerror = () => resolve()
      }),
  )
  await expectLoss(a.page, /newer version of the page\. Reload the page/, id)
  await a.page.reload()
  await engineUp(a.page)
  expect(await everythingKept(a.page)).toEqual(before)
  expect(await publish(a.page, files('after'))).toMatchObject({ failed: false })
})

test('the connection to the database is closed under the engine: it is said, and nothing is lost', async ({
  join,
  relay,
}) => {
  const a = await join('?peer=elsewhere')
  const page = await a.context.newPage()
  await page.route(/\/assets\/engine\.worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch()
    const keepHandle = `{
      const open = IDBFactory.prototype.open
      IDBFactory.prototype.open = function (...given) {
        const request = open.apply(this, given)
        request.addEventListener('success', () => { globalThis.openedDatabase = request.result })
        return request
      }
    }`
    await route.fulfill({ response, body: `${keepHandle}\n${await response.text()}` })
  })
  await page.goto(relay.page)
  await engineUp(page)
  const id = await published(page, 'kept')
  const before = await everythingKept(page)
  await page
    .workers()[0]
    ?.evaluate(() => (globalThis as unknown as { openedDatabase: IDBDatabase }).openedDatabase.close())
  await expectLoss(page, /closed the storage of this profile\. Reload the page/, id)
  await page.reload()
  await engineUp(page)
  expect(await everythingKept(page)).toEqual(before)
  expect(await publish(page, files('after'))).toMatchObject({ failed: false })
})

/** What damage makes of the rows of a table: other bytes, or no bytes at all. */
const damage = (bystander: Page, changes: Record<string, 'flipped' | 'text' | 'short'>): Promise<number> =>
  bystander.evaluate(async (changes) => {
    const ask = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const database = await ask(indexedDB.open('ggen-default'))
    let count = 0
    for (const [table, change] of Object.entries(changes)) {
      const store = database.transaction(table, 'readwrite').objectStore(table)
      for (const key of await ask(store.getAllKeys())) {
        const value = (await ask(store.get(key))) as Uint8Array
        if (change === 'flipped') value[value.length >> 1] = (value[value.length >> 1] ?? 0) ^ 4
        await ask(store.put(change === 'text' ? 'not bytes' : change === 'short' ? value.slice(1) : value, key))
        count += 1
      }
    }
    database.close()
    return count
  }, changes)

test('rows that were damaged while no tab was open are found, told, and brought back by peers', async ({
  join,
  relay,
}) => {
  const [a, b] = [await join(), await join()]
  const id = await published(b.page, 'theirs')
  await expect.poll(async () => (await a.search({ text: '' })).total).toBe(1)
  expect(await install(a.page, [id])).toMatchObject({ failed: false })
  await a.page.close()
  const bystander = await openBystander(a.context, relay.page)
  expect(await damage(bystander, { pieces: 'flipped', releases: 'flipped', library: 'short', manifests: 'text' })).toBe(
    4,
  )

  const again = await openPeer(a.context, `${relay.page}/`)
  const notices = again.page.getByRole('region', { name: 'Notices' })
  await expect(notices.getByText(/1 record of the catalogue .* damaged/)).toBeVisible()
  await expect(notices.getByText(/1 entry of your library cannot be read/)).toBeVisible()
  expect(await again.library()).toEqual([])
  await expect.poll(async () => (await again.search({ text: '' })).total).toBe(1)
  expect(await install(again.page, [id])).toMatchObject({ failed: false })
  expect(await again.page.evaluate((id) => window.ggen.verify(id, '1.0.0'), id)).toEqual({ ok: true, damaged: [] })
  expect(await again.readFile(id, '1.0.0', 'a.txt')).toBe(Buffer.from('theirs\n').toString('base64'))
  await again.page.close()

  // Keys cannot be brought back by anybody: they are left, and the page says so.
  expect(await damage(bystander, { keys: 'short' })).toBe(4)
  const page = await a.context.newPage()
  await page.goto(`${relay.page}/`)
  await expect(page.getByRole('heading', { name: 'Storage is unavailable' })).toBeVisible()
  await expect(page.getByText(/The keys of this profile are damaged/)).toBeVisible()
})
