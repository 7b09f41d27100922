import type { BrowserContext, Page } from '@playwright/test'
import { install, publish, storedState } from './fixtures/outcomes.ts'
import { engineUp, openPeer, peerOf } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

/** Storage that disappears under a running engine or is damaged while no tab is open. */

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

/** Opens a page of the same origin without the app, which manipulates the database like another tab. */
const openBystander = async (context: BrowserContext, address: string): Promise<Page> => {
  const page = await context.newPage()
  await page.goto(`${address}/manifest.webmanifest`)
  return page
}

/** The page reports that its storage is gone, commands that write fail by name, and reads continue to work. */
const expectStorageLost = async (page: Page, words: RegExp, id: string): Promise<void> => {
  expect(await publish(page, files('refused'))).toMatchObject({ failed: true, name: 'StorageUnavailable' })
  await expect(page.getByRole('region', { name: 'Notices' }).getByText(words)).toBeVisible()
  expect(await peerOf(page).status()).toMatchObject({ steps: { storage: { state: 'failed' } } })
  expect((await peerOf(page).search({ text: '' })).hits.map((hit) => hit.id)).toEqual([id])
}

test('when another tab deletes the database, the page says so and recovers packages from peers after a reload', async ({
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
  await expectStorageLost(a.page, /deleted while it was open\. Reload the page/, id)
  await a.page.reload()
  await engineUp(a.page)
  expect(await a.status()).toMatchObject({ persistent: true, steps: { storage: { state: 'ok' } } })
  await expect.poll(async () => (await a.search({ text: '' })).hits.map((hit) => hit.id)).toEqual([id])
})

test('when a newer version of the page needs the database, the engine releases it, says so and loses nothing', async ({
  join,
  relay,
}) => {
  const a = await join()
  const id = await published(a.page, 'kept')
  expect(await install(a.page, [id])).toMatchObject({ failed: false })
  const before = await storedState(a.page)
  const bystander = await openBystander(a.context, relay.page)
  // The upgrade begins and is aborted, so the data stays unchanged.
  await bystander.evaluate(
    () =>
      new Promise<void>((resolve) => {
        const opening = indexedDB.open('ggen-default', 1_000)
        opening.onupgradeneeded = () => opening.transaction?.abort()
        opening.onerror = () => resolve()
      }),
  )
  await expectStorageLost(a.page, /newer version of the page\. Reload the page/, id)
  await a.page.reload()
  await engineUp(a.page)
  expect(await storedState(a.page)).toEqual(before)
  expect(await publish(a.page, files('after'))).toMatchObject({ failed: false })
})

test('when the browser closes the database, the page says so and loses nothing', async ({ join, relay }) => {
  const a = await join('?peer=elsewhere')
  const page = await a.context.newPage()
  await page.route(/\/assets\/engine\.worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch()
    const keepHandle = `{
      const open = IDBFactory.prototype.open
      IDBFactory.prototype.open = function (...args) {
        const request = open.apply(this, args)
        request.addEventListener('success', () => { globalThis.openedDatabase = request.result })
        return request
      }
    }`
    await route.fulfill({ response, body: `${keepHandle}\n${await response.text()}` })
  })
  await page.goto(relay.page)
  await engineUp(page)
  const id = await published(page, 'kept')
  const before = await storedState(page)
  await page
    .workers()[0]
    ?.evaluate(() => (globalThis as unknown as { openedDatabase: IDBDatabase }).openedDatabase.close())
  await expectStorageLost(page, /closed the storage of this profile\. Reload the page/, id)
  await page.reload()
  await engineUp(page)
  expect(await storedState(page)).toEqual(before)
  expect(await publish(page, files('after'))).toMatchObject({ failed: false })
})

/** Damages all rows of tables: flips a bit, drops a byte, or stores text in place of bytes. */
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

test('rows damaged while no tab was open are detected, reported and recovered from peers', async ({ join, relay }) => {
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

  // No peer can recover keys: they are left untouched, and the page says so.
  expect(await damage(bystander, { keys: 'short' })).toBe(4)
  const page = await a.context.newPage()
  await page.goto(`${relay.page}/`)
  await expect(page.getByRole('heading', { name: 'Storage is unavailable' })).toBeVisible()
  await expect(page.getByText(/The keys of this profile are damaged/)).toBeVisible()
})
