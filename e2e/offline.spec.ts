import { install, publish, storedState } from './fixtures/outcomes.ts'
import { openPeer } from './fixtures/peer.ts'
import { type Relay, startRelay } from './fixtures/relay.ts'
import { test as base, expect } from './fixtures/test.ts'

/** The configured relay is not the one that serves the page, so that it can be down. */
const test = base.extend<{ absent: Relay }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
  absent: async ({}, use) => {
    const absent = await startRelay()
    await absent.pause()
    await use(absent)
    await absent.stop()
  },
})

const query = (relay: Relay): string => `?relay=${encodeURIComponent(relay.relay)}`

const files = (slug: string) => [
  {
    path: 'package.toml',
    text: `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n`,
  },
  { path: 'templates/a.tmpl', text: `made offline: ${slug}\n` },
]

test('the page works offline and says so, and publishes by itself once its relay is up', async ({ join, absent }) => {
  const a = await join(query(absent))
  await expect(a.page.getByRole('link', { name: 'Network: Offline: showing saved packages' })).toBeVisible()
  const status = await a.status()
  expect(status).toMatchObject({
    online: false,
    connections: 0,
    directConnections: 0,
    relays: [{ address: absent.relay, connected: false }],
    steps: { relay: { state: 'failed', reason: { code: 'relay-silent' } }, storage: { state: 'ok' } },
  })

  const published = await publish(a.page, files('offline-made'))
  if (published.failed) throw new Error(published.message)
  const { id } = published.value
  const hits = (text: string) => a.search({ text }).then((found) => found.hits.map((hit) => hit.id))
  expect(await hits('offline-made')).toEqual([id])
  expect(await hits('')).toEqual([id])
  // Its own content is stored here, so the install needs no peer.
  expect(await install(a.page, ['offline-made'])).toMatchObject({ failed: false, value: { bytes: 0 } })
  expect((await a.library()).map(({ slug }) => slug)).toEqual(['offline-made'])
  expect(Buffer.from(await a.readFile(id, '1.0.0', 'templates/a.tmpl'), 'base64').toString()).toBe(
    'made offline: offline-made\n',
  )
  expect((await a.status()).online).toBe(false)

  const b = await join(query(absent))
  expect(await b.search({ text: '' })).toMatchObject({ total: 0 })
  await expect(b.page.getByRole('link', { name: /^Network: Offline/ })).toBeVisible()

  await absent.restart()
  await expect.poll(() => a.status()).toMatchObject({ online: true, relays: [{ connected: true }] })
  await expect(a.page.getByRole('link', { name: /^Network: (Connected|Online)/ })).toBeVisible()
  await expect.poll(async () => (await b.search({ text: '' })).hits.map((hit) => hit.id)).toEqual([id])
  expect(await install(b.page, [id])).toMatchObject({ failed: false })
  expect(await b.readFile(id, '1.0.0', 'templates/a.tmpl')).toBe(await a.readFile(id, '1.0.0', 'templates/a.tmpl'))
})

test('a package published offline survives a reload and goes out afterwards', async ({ join, absent }) => {
  const a = await join(query(absent))
  const published = await publish(a.page, files('kept-offline'))
  expect(published).toMatchObject({ failed: false })
  const before = await storedState(a.page)
  await a.page.reload()
  await a.page.waitForFunction(() => 'ggen' in window)
  await a.page.evaluate(() => window.ggen.ready)
  expect(await storedState(a.page)).toEqual(before)

  await absent.restart()
  const b = await join(query(absent))
  await expect.poll(async () => (await b.search({ text: '' })).hits.map(({ slug }) => slug)).toEqual(['kept-offline'])
})

test('an install without a provider can be cancelled without a trace, and works once one is back', async ({
  join,
  absent,
}) => {
  await absent.restart()
  const [a, b] = [await join(query(absent)), await join(query(absent))]
  const published = await publish(a.page, files('sought'))
  if (published.failed) throw new Error(published.message)
  const { id } = published.value
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(1)
  const address = a.page.url()
  await a.page.close()
  await absent.pause()
  await expect.poll(async () => (await b.status()).online).toBe(false)

  const before = await storedState(b.page)
  const outcome = b.page.evaluate(
    (id) =>
      window.ggen.install([id], { transferId: 'sought' }).then(
        () => 'installed',
        (error: Error) => error.name,
      ),
    id,
  )
  await expect.poll(async () => 'transfers sought' in (await storedState(b.page)).rows).toBe(true)
  await b.page.evaluate(() => window.ggen.cancel('sought'))
  expect(await outcome).toBe('Cancelled')
  expect(await storedState(b.page)).toEqual(before)

  await absent.restart()
  await openPeer(a.context, address)
  await expect.poll(async () => (await b.status()).directConnections).toBe(1)
  expect(await install(b.page, [id])).toMatchObject({ failed: false })
  expect((await b.library()).map(({ slug }) => slug)).toEqual(['sought'])
})

test('a page can read and pack its first package after its server is gone', async ({ join, relay }) => {
  const a = await join()
  const worker = a.page.workers()[0]
  const isLoaded = (part: string) => async () =>
    worker?.evaluate(
      (part) => performance.getEntriesByType('resource').some(({ name }) => name.includes(`/${part}-`)),
      part,
    )
  for (const part of ['read-package', 'read-archive', 'write-archive']) await expect.poll(isLoaded(part)).toBe(true)
  await relay.pause()

  const published = await publish(a.page, files('server-gone'))
  if (published.failed) throw new Error(published.message)
  const { id } = published.value
  expect(await install(a.page, [id])).toMatchObject({ failed: false })
  expect(await a.page.evaluate(async (id) => (await window.ggen.exportZip(id, '1.0.0')).length, id)).toBeGreaterThan(0)
})
