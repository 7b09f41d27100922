import { expect, test } from './fixtures/test.ts'

test('people see their connections, open a peer, ping it, and ban it until they end the ban', async ({ join }) => {
  const [a, b] = [await join(), await join()]
  await expect.poll(async () => (await a.status()).directConnections).toBe(1)
  const { peerId } = await b.status()
  const { page } = a

  await page.getByRole('link', { name: 'Network' }).first().click()
  const picture = page.getByRole('group', { name: /Connected peers by distance/ })
  await expect(picture.getByRole('link', { name: /^Relay / })).toBeVisible()
  const node = picture.getByRole('link', { name: /^Peer .*, direct, [\d.]+ ms, healthy$/ })
  await node.focus()
  await page.keyboard.press('Enter')

  await expect(page.getByRole('heading', { level: 1 })).toContainText(peerId.slice(-6))
  await expect(page.getByText('/ggen/kad/1.0.0').first()).toBeVisible()
  await page.getByRole('button', { name: 'Send 5 pings' }).click()
  await expect(page.getByText(/^Minimum [\d.]+ ms, median [\d.]+ ms, maximum [\d.]+ ms\.$/)).toBeVisible()

  await page.getByRole('button', { name: /^Ban / }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Ban', exact: true }).click()
  await expect(page.getByText('This tab refuses connections with this peer for another')).toBeVisible()
  await expect.poll(async () => (await a.status()).directConnections).toBe(0)
  await page.getByRole('link', { name: 'Network' }).first().click()
  await page.getByText('1 known peer, not connected').click()
  await page.getByRole('button', { name: /^Unban / }).click()
  await expect.poll(async () => (await a.status()).directConnections).toBe(1)
})
