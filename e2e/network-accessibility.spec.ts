import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from '@playwright/test'
import type { AxeResults } from 'axe-core'
import { makePackage } from './fixtures/packages.ts'
import { expect, test } from './fixtures/test.ts'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

declare const axe: { run(root: Document, options: object): Promise<AxeResults> }

const violations = async (page: Page): Promise<string[]> => {
  // Evaluated by the debugger, which the content policy of the page does not concern.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axeSource)
  return page.evaluate(async () =>
    (await axe.run(document, { resultTypes: ['violations'] })).violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}\n${failureSummary}`),
    ),
  )
}

const widths = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } }

/** In both themes, on a phone and on a desktop: no violation, and nothing wider than the window. */
const expectAccessible = async (page: Page, what: string): Promise<void> => {
  for (const [device, size] of Object.entries(widths)) {
    await page.setViewportSize(size)
    for (const theme of ['light', 'dark']) {
      await page.evaluate((theme) => document.documentElement.setAttribute('data-theme', theme), theme)
      // Colours in between belong to no theme.
      await page.waitForFunction(() => document.getAnimations().every((each) => !(each instanceof CSSTransition)))
      expect(await violations(page), `${what}, ${theme}, ${device}`).toEqual([])
    }
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
      `${what}, ${device}: wider than the window (px)`,
    ).toBe(0)
  }
  await page.evaluate(() => document.documentElement.removeAttribute('data-theme'))
}

const openNetwork = async (page: Page): Promise<void> => {
  await page.setViewportSize(widths.desktop)
  await page.getByRole('link', { name: 'Network', exact: true }).first().click()
  await expect(page.getByRole('heading', { level: 1, name: 'Network' })).toBeVisible()
}

/** Marks all controls that Tab should reach, in a page that changes meanwhile; returns the number of them. */
const markControls = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const controls = 'a[href], button, input, select, textarea, summary, [tabindex]'
    const wanted = [...document.querySelectorAll<HTMLElement>(controls)].filter(
      (each) =>
        each.tabIndex >= 0 &&
        each.checkVisibility({ visibilityProperty: true }) &&
        !each.matches(':disabled, [hidden], [type=radio]:not(:checked)'),
    )
    Object.assign(window, { unreached: new Set(wanted), reachedTwice: [] })
    return wanted.length
  })

/** Controls of `markControls` that are still on the page and that Tab has not reached. */
const unreached = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...(window as unknown as { unreached: Set<HTMLElement> }).unreached]
      .filter((each) => each.isConnected)
      .map((each) => `${each.outerHTML.slice(0, 160)}`),
  )

test('the network page, the peer page and the trace page are accessible with and without activity', async ({
  join,
}) => {
  const a = await join()
  const { page } = a
  await openNetwork(page)
  await expect(page.getByText('Connected', { exact: true }).first()).toBeVisible()
  await expectAccessible(page, 'network page without peers')
  await page.evaluate(() => window.ggen.status())
  const { peerId: own } = await a.status()
  await page.goto(`${new URL(page.url()).origin}/network/peers/${own}`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  await expectAccessible(page, 'page of a peer that is not here')
  await page.goto(`${new URL(page.url()).origin}/network/traces/${'0'.repeat(32)}`)
  await expect(page.getByRole('heading', { level: 1, name: 'This trace is not here' })).toBeVisible()
  await expectAccessible(page, 'page of a trace that is not here')

  const b = await join()
  await expect.poll(async () => (await a.status()).directConnections).toBe(1)
  const { id } = await b.publish(makePackage('seen', '1.0.0').files)
  await expect.poll(async () => (await a.search({ text: 'seen' })).total).toBe(1)
  await a.install([id])
  await page.evaluate((id) => window.ggen.lookup(`${id.split('/')[0]}/absent`), id)
  await openNetwork(page)
  const list = page.getByRole('region', { name: 'Operations, newest first' })
  await expect(list.getByRole('link', { name: /^Install/ })).toBeVisible()
  // Charts out of sight are not drawn.
  await page.locator('.charts').scrollIntoViewIfNeeded()
  await expect(page.locator('.chart canvas').first()).toBeVisible()
  await expectAccessible(page, 'busy network page')
  await page.setViewportSize(widths.desktop)
  for (const button of await page.getByRole('button', { name: /: show as table$/ }).all()) await button.click()
  await expectAccessible(page, 'busy network page with tables')

  await list.getByRole('link', { name: /^Install/ }).click()
  await expect(page.getByRole('tree')).toBeVisible()
  await expectAccessible(page, 'trace of an install')

  const { peerId } = await b.status()
  await openNetwork(page)
  await page
    .getByRole('group', { name: /Connected peers by distance/ })
    .getByRole('link', { name: /^Peer / })
    .click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText(peerId.slice(-6))
  await page.getByRole('button', { name: 'Send 5 pings' }).click()
  await expect(page.getByText(/^Minimum [\d.]+ ms/)).toBeVisible()
  await expectAccessible(page, 'page of a connected peer')
})

test('Tab reaches every control of the network page while it changes', async ({ join }) => {
  const [a, b] = [await join(), await join()]
  await expect.poll(async () => (await a.status()).directConnections).toBe(1)
  await openNetwork(a.page)
  const list = a.page.getByRole('region', { name: 'Operations, newest first' })
  await expect(list.getByRole('link').first()).toBeVisible()
  await expect(a.page.locator('.chart [role=slider]')).toHaveCount(9)

  const count = await markControls(a.page)
  // Nine charts with four controls each, and all else.
  expect(count).toBeGreaterThan(50)
  await a.page.evaluate(() => {
    const { unreached } = window as unknown as { unreached: Set<Element> }
    document.addEventListener('focusin', ({ target }) => unreached.delete(target as Element))
  })
  for (let presses = 0; presses < 2 * count && (await unreached(a.page)).length > 0; presses += 1) {
    await a.page.keyboard.press('Tab')
    // New peers, announcements and operations come in while the focus moves.
    if (presses % 20 === 0) await b.publish(makePackage(`meanwhile-${presses}`, '1.0.0').files)
  }
  expect(await unreached(a.page)).toEqual([])
})
