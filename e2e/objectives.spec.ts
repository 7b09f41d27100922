import type { Page } from '@playwright/test'
import { newestSample, untilSampled } from './fixtures/charts.ts'
import { type HostileNode, startHostileNode } from './fixtures/hostile-node.ts'
import { type SlowLink, startSlowLink } from './fixtures/slow-link.ts'
import { test as base, expect } from './fixtures/test.ts'

interface SlowPeer {
  node: HostileNode
  link: SlowLink
}

const test = base.extend<{ peers: SlowPeer[] }>({
  /** Node peers of the DHT behind links that can be made slow; more of them than of fast ones, which is the relay. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
  peers: async ({}, use) => {
    const peers: SlowPeer[] = []
    for (let n = 0; n < 3; n += 1) {
      const node = await startHostileNode()
      peers.push({ node, link: await startSlowLink(node.address) })
    }
    await use(peers)
    for (const { node, link } of peers) {
      await link.stop()
      await node.stop()
    }
  },
})

/** Half of a round trip beyond the alert value of lookups (800 ms), but not so long that peers count as lost. */
const slowMs = 500

/** Looks up packages that nobody has, all at once, so that each asks every peer. */
const lookUp = (page: Page, from: number, count: number): Promise<void> =>
  page.evaluate(
    async ({ from, count }) => {
      const { publisherId } = await window.ggen.status()
      const found = await Promise.all(
        Array.from({ length: count }, (_, n) => window.ggen.lookup(`${publisherId}/none-${from + n}`)),
      )
      if (found.some(({ found }) => found)) throw new Error('A package that nobody has was found.')
    },
    { from, count },
  )

const objectiveOf = (page: Page) =>
  page.evaluate(async () => (await window.ggen.objectives()).find(({ name }) => name === 'dht_lookup_p95'))

/** Checks of the engine are 5 s apart; a sample is taken each second. */
const samplesPerCheck = 6

test('slow peers miss the objective of lookups: one notice says so, and where to look, and the tile turns', async ({
  join,
  peers,
}) => {
  const { page } = await join()
  for (const { link } of peers) await page.evaluate((address) => window.ggen.connect(address), link.address)
  await expect.poll(async () => (await page.evaluate(() => window.ggen.status())).directConnections).toBe(3)
  await page.getByRole('link', { name: 'Network', exact: true }).first().click()
  const tile = page.locator('.tile', { has: page.getByRole('heading', { name: 'DHT lookup', exact: true }) })
  await expect(tile.getByText('Collecting')).toBeVisible()

  // All peers are in the DHT.
  await expect
    .poll(async () => {
      await lookUp(page, Math.floor(Math.random() * 1e9), 1)
      const { spans = [] } =
        (await page.evaluate(() => window.ggen.traces(500))).find(({ name }) => name === 'lookup') ?? {}
      return spans.filter(({ name, attributes }) => name === 'dht_peer_query' && attributes['outcome'] === 'answered')
        .length
    })
    .toBeGreaterThanOrEqual(4)
  const notice = page.getByRole('region', { name: 'Notices' }).getByText(/^DHT lookups are slow/)
  await expect(notice).toHaveCount(0)

  const before = await newestSample(page)
  for (const { link } of peers) link.delayMs = slowMs
  await lookUp(page, 100, 30)
  const breached = await objectiveOf(page)
  expect(breached).toMatchObject({ state: 'breached', target: 500, alert: 800 })
  expect(breached?.value).toBeGreaterThan(800)

  await expect(notice).toHaveText(
    /^DHT lookups are slow: in the last hour, 5% took \d+(\.\d+)? m?s or longer; at most 800 ms is expected\. The Network page lists them\./,
  )
  await expect(tile).toHaveClass(/tile-error/)
  await expect(tile.getByText('Missed')).toBeVisible()
  await expect(tile.locator('.tile-value')).toHaveText(/^(8\d\d|9\d\d) ms$|^[1-4](\.\d+)? s$/)

  // Once per breach: more slow lookups and another check bring no second notice.
  await page.getByRole('region', { name: 'Notices' }).getByRole('button', { name: 'Dismiss' }).click()
  await expect(notice).toHaveCount(0)
  await lookUp(page, 200, 5)
  await untilSampled(page, samplesPerCheck)
  await expect(notice).toHaveCount(0)
  const events = await page.evaluate(
    async (since) => (await window.ggen.samples(since)).events.filter(({ kind }) => kind === 'objective-breached'),
    before,
  )
  expect(events.map(({ subject }) => subject)).toEqual(['dht_lookup_p95'])

  // Where the notice points: the slow lookups, each with the peer that took the time.
  await tile.getByRole('link', { name: 'Slow lookups' }).click()
  const list = page.getByRole('region', { name: 'Operations, newest first' })
  await list
    .getByRole('link', { name: /^Lookup/ })
    .first()
    .click()
  await expect(page.getByRole('heading', { name: 'Why it was slow' })).toBeVisible()
  await expect(page.getByText(/was spent waiting for answers of DHT peers/)).toBeVisible()
})
