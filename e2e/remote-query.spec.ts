import { packageToEntries } from '../workers/registry/package-entries.ts'
import { createHostileNodes, type HostileNode } from '../workers/testing/hostile-nodes.ts'
import { createEngineNetwork } from '../workers/testing/network.ts'
import { startQueryPeer } from '../workers/testing/query-peers.ts'
import { test as base, expect } from './fixtures/test.ts'

interface Archive extends HostileNode {
  /** Publishes a package that only this peer knows. */
  publish(slug: string, files: Record<string, Uint8Array>): Promise<string>
}

const test = base.extend<{ archive: Archive }>({
  /** A peer with an address that answers queries and serves content but does not sync catalogues. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
  archive: async ({}, use) => {
    const engines = createEngineNetwork()
    const profile = await engines.start('archive')
    const nodes = createHostileNodes()
    const hostile = await nodes.start()
    await hostile.servePieces(profile.storage.content)
    const peer = await startQueryPeer(hostile.node)
    await use({
      ...hostile,
      async publish(slug, files) {
        const { id } = await profile.publish(slug, '1.0.0', files)
        const found = profile.storage.registry.get(id)
        if (found !== undefined) await peer.registry.ingest(packageToEntries(found, 'all').flat(), { from: 'test' })
        return id
      },
    })
    await peer.stop()
    await Promise.all([nodes.stopAll(), engines.stopAll()])
  },
})

const readMe = { 'README.md': new TextEncoder().encode('# From afar\n') }

test('a tab with an empty catalogue finds a package by remote search and installs it', async ({ join, archive }) => {
  const [id] = [await archive.publish('distant-kit', readMe), await archive.publish('other-kit', readMe)]
  const tab = await join()
  const { page } = tab
  await page.getByLabel('Search packages').fill('distant')
  await expect(page.getByText('No packages yet')).toBeVisible()
  // The search is already active when the first peer connects.
  await page.evaluate((address) => window.ggen.connect(address), archive.address)
  await expect(page.getByText('1 peer answered.')).toBeVisible()
  await expect(page.getByText('1 package found')).toBeVisible()
  // Only matching packages have arrived.
  expect((await tab.search({})).hits.map(({ slug }) => slug)).toEqual(['distant-kit'])

  await page.getByRole('link', { name: 'distant-kit' }).first().click()
  await expect(page.getByRole('heading', { name: 'From afar' })).toBeVisible()
  await page
    .getByRole('button', { name: /^Install/ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: 'Install', exact: true }).click()
  await expect(dialog.getByText('Every file is verified')).toBeVisible()
  expect((await tab.library()).map((entry) => entry.id)).toEqual([id])
})

test('scripts search remotely on request, and lookups reach a peer outside the DHT', async ({ join, archive }) => {
  const [one, two] = [await archive.publish('kit-one', readMe), await archive.publish('tool-two', readMe)]
  const tab = await join()
  await tab.page.evaluate((address) => window.ggen.connect(address), archive.address)
  await expect.poll(async () => (await tab.status())['searchablePeers']).toBe(1)
  expect((await tab.search({ text: 'kit' })).hits).toEqual([])
  const found = await tab.search({ text: 'kit', remote: true })
  expect(found).toMatchObject({ total: 1, hits: [{ id: one }], peers: { asked: 1, answered: 1 } })
  const lookup = await tab.page.evaluate((id) => window.ggen.lookup(id), two)
  expect(lookup).toMatchObject({ found: true, record: { id: two, version: '1.0.0' } })
})

test('rows that arrive above the visible one do not move it', async ({ join, archive }) => {
  const tab = await join()
  const { page } = tab
  const manifest = (slug: string, description: string) =>
    `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "${description}"\n`
  for (let n = 10; n < 26; n += 1) {
    const base64 = Buffer.from(manifest(`local-${n}`, 'a wrench among others')).toString('base64')
    await tab.publish([{ path: 'package.toml', base64 }])
  }
  for (let n = 0; n < 4; n += 1) await archive.publish(`wrench-${n}`, readMe)
  await page.getByLabel('Search packages').fill('wrench')
  await expect(page.getByText('16 packages found')).toBeVisible()
  // The page scrolls to its top once the address contains the text.
  await expect(page).toHaveURL(/q=wrench/)
  const row = page.locator('.result-item', { hasText: 'local-18' })
  await row.scrollIntoViewIfNeeded()
  await page.evaluate(() => window.scrollBy(0, 150))
  const before = (await row.boundingBox())?.y ?? Number.NaN
  expect(before).toBeGreaterThan(0)
  await page.evaluate((address) => window.ggen.connect(address), archive.address)
  await expect(page.getByText('20 packages found')).toBeVisible()
  await expect(row).toHaveAttribute('aria-posinset', '13')
  await expect.poll(async () => Math.abs(((await row.boundingBox())?.y ?? Number.NaN) - before)).toBeLessThan(2)
})
