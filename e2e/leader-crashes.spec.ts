import type { BrowserContext, CDPSession, Page } from '@playwright/test'
import { engineUp, peerOf } from './fixtures/peer.ts'
import { outcomeOfPending, startCommands } from './fixtures/pending-commands.ts'
import { expect, test } from './fixtures/test.ts'

const tabCount = 20
const rounds = 5

/** Tabs with a worker, which is the engine's. */
const leaders = (context: BrowserContext): Page[] =>
  context.pages().filter((page) => !page.isClosed() && page.workers().length > 0)

const leaderOf = async (context: BrowserContext): Promise<Page> => {
  await expect.poll(() => leaders(context).length).toBe(1)
  const [leader] = leaders(context)
  if (leader === undefined) throw new Error('No tab leads.')
  return leader
}

const beginReads = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const { ggen } = window
    Object.assign(window, { pending: Promise.all([ggen.search({ text: '' }), ggen.library(), ggen.status()]) })
  })

test(`${tabCount} tabs survive ${rounds} crashes of their leader: one leads, all commands are answered, nothing is lost`, async ({
  relay,
  browser,
}) => {
  const context = await browser.newContext()
  // Twenty pages without styles and images load faster.
  await context.route(/\.(css|svg|png|woff2?)$/, (route) => route.abort())
  const sessions = new Map<Page, CDPSession>()
  const tabs: Page[] = []
  for (let count = 0; count < tabCount; count += 1) {
    const page = await context.newPage()
    await page.goto(relay.page)
    await engineUp(page)
    sessions.set(page, await context.newCDPSession(page))
    tabs.push(page)
  }
  const first = tabs[0]
  if (first === undefined) throw new Error('unreachable')
  const { peerId, publisherId } = await peerOf(first).status()

  for (let round = 1; round <= rounds; round += 1) {
    const leader = await leaderOf(context)
    const rest = tabs.filter((page) => page !== leader && !page.isClosed())
    const [publisher, ...readers] = rest
    if (publisher === undefined) throw new Error('No tab is left.')
    await Promise.all([startCommands(publisher, `round-${round}`, 6_000_000), ...readers.map(beginReads)])
    const crashed = leader.waitForEvent('crash')
    sessions
      .get(leader)
      ?.send('Page.crash')
      .catch(() => {})
    await crashed
    expect(await Promise.all(rest.map(outcomeOfPending))).toEqual(rest.map(() => 'answered'))
    await leader.close()
    await leaderOf(context)
    for (const page of rest) {
      expect((await peerOf(page).search({ text: '' })).total).toBe(round)
      expect(await peerOf(page).status()).toMatchObject({ peerId, publisherId })
    }
  }
  const last = await leaderOf(context)
  for (const { id } of (await peerOf(last).search({ text: '' })).hits) {
    const size = await last.evaluate(async (id) => (await window.ggen.readFile(id, '1.0.0', 'b.bin')).length, id)
    expect(size).toBe(6_000_000)
  }
  await context.close()
})
