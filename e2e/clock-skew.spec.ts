import type { Page } from '@playwright/test'
import { createForger, entriesOf } from '../workers/testing/forged-records.ts'
import { startHostileNode } from './fixtures/hostile-node.ts'
import { install, publish } from './fixtures/outcomes.ts'
import { engineUp, openPeer } from './fixtures/peer.ts'
import { startRelay } from './fixtures/relay.ts'
import { createSkewedPage } from './fixtures/skewed-page.ts'
import { expect, test } from './fixtures/test.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const files = (slug: string) => [
  {
    path: 'package.toml',
    text: `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n`,
  },
]

const listed = (page: Page): Promise<string[]> => page.locator('.result-name .result-link').allInnerTexts()

test('releases with absurd times come last in every list, also after a reload', async ({ join, relay }) => {
  const [a, b] = [await join('?sort=updated'), await join('?sort=updated')]
  await publish(a.page, files('before'))
  const { peerId } = await a.status()
  const stranger = await startHostileNode({ listen: false })
  try {
    await stranger.joinRelay(relay.relay)
    await expect
      .poll(() => a.page.evaluate(async () => (await window.ggen.status()).steps.reservation.state))
      .toBe('ok')
    await stranger.reachTab(relay.relay, peerId)
    const forger = await createForger('stranger')
    const times = { absurd: 9e15, edge: 8.64e15, years: Date.now() + 3 * 365 * dayMs, hours: Date.now() + 3 * hourMs }
    for (const [slug, publishedAt] of Object.entries(times))
      await stranger.give(peerId, entriesOf(await forger.release(slug, '1.0.0', 1, { publishedAt })))
    const last = ['absurd', 'edge', 'hours', 'years']
    for (const { page } of [a, b]) await expect.poll(() => listed(page)).toEqual(['before', ...last])

    await b.page.reload()
    await engineUp(b.page)
    await expect.poll(() => listed(b.page)).toEqual(['before', ...last])
    await publish(a.page, files('after'))
    await expect.poll(() => listed(b.page)).toEqual(['after', 'before', ...last])
    await expect(b.page.locator('.result').last()).toContainText('date unknown')
    for (const slug of ['absurd', 'years']) {
      await b.page.goto(`${relay.page}/package/${forger.identity.publisherId}/${slug}?tab=versions`)
      await expect(b.page.getByRole('heading', { level: 1 })).toHaveText(slug)
      await expect(b.page.locator('.version-item')).toContainText('date unknown')
      await expect(b.page.locator('.part-failed, .empty-details')).toHaveCount(0)
    }
  } finally {
    await stranger.stop()
  }
})

const clocks = [
  { name: 'three hours ahead', skewMs: 3 * hourMs, words: 'about 3 hours ahead of' },
  { name: 'three years behind', skewMs: -3 * 365 * dayMs, words: 'about 3 years behind' },
]

for (const { name, skewMs, words } of clocks) {
  test(`a tab whose clock is ${name} is reachable, exchanges packages and reports its clock`, async ({
    browser,
    relay,
  }) => {
    const skewed = await createSkewedPage(skewMs)
    const server = await startRelay({ PAGE_FOLDER: skewed.folder })
    const [off, right] = [await browser.newContext(), await browser.newContext()]
    try {
      const a = await openPeer(off, server.page)
      const b = await openPeer(right, `${relay.page}/?relay=${encodeURIComponent(server.relay)}`)
      await expect.poll(async () => (await b.status()).directConnections).toBe(1)
      expect(
        await a.page.evaluate(async () => (await window.ggen.status()).relays.map(({ reserved }) => reserved)),
      ).toEqual([true])
      const published = await publish(a.page, files('theirs'))
      const id = published.failed ? '' : published.value.id
      await expect.poll(async () => (await b.search({ text: '' })).total).toBe(1)
      expect(await install(b.page, [id])).toMatchObject({ failed: false })
      await expect(a.page.locator('.banner')).toContainText(words)
      await expect(b.page.locator('.banner')).toHaveCount(0)
    } finally {
      await off.close()
      await right.close()
      await server.stop()
      await skewed.remove()
    }
  })
}
