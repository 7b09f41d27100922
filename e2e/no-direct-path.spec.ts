import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test'
import { chromiumFlags, findChromium } from '../scripts/chromium.ts'
import { install, publish } from './fixtures/outcomes.ts'
import { openPeer, type Peer } from './fixtures/peer.ts'
import { test as base, expect } from './fixtures/test.ts'

/** Tabs without a direct path: everything goes through the relay. */

type Obstacle = 'none' | 'dead candidates' | 'no WebRTC'

const test = base.extend<{ blocked: Browser; meet(browser: Browser, obstacle: Obstacle): Promise<Peer> }>({
  /** A browser that allows WebRTC only through a proxy and has none, as where a policy blocks UDP. */
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
  blocked: async ({}, use) => {
    const executablePath = findChromium()
    const policy = ['--force-webrtc-ip-handling-policy', '--webrtc-ip-handling-policy=disable_non_proxied_udp']
    const browser = await chromium.launch({
      args: [...chromiumFlags, ...policy],
      ...(executablePath === undefined ? {} : { executablePath }),
    })
    await use(browser)
    await browser.close()
  },
  meet: async ({ relay }, use) => {
    const contexts: BrowserContext[] = []
    await use(async (browser, obstacle) => {
      const context = await browser.newContext()
      contexts.push(context)
      await context.addInitScript(watchConnections)
      if (obstacle === 'no WebRTC')
        await context.addInitScript(() => Reflect.deleteProperty(globalThis, 'RTCPeerConnection'))
      if (obstacle === 'dead candidates') await context.addInitScript(killCandidates)
      return openPeer(context, `${relay.page}/`)
    })
    for (const context of contexts) await context.close()
  },
})

/** Counts the peer connections that reached the state `connected`. */
const watchConnections = (): void => {
  Object.assign(globalThis, { everConnected: 0 })
  if (!('RTCPeerConnection' in globalThis)) return
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration)
      this.addEventListener('connectionstatechange', () => {
        if (this.connectionState === 'connected')
          Object.assign(globalThis, { everConnected: Reflect.get(globalThis, 'everConnected') + 1 })
      })
    }
  }
}

/** Replaces the address of every remote candidate by an unreachable one (RFC 5737). */
const killCandidates = (): void => {
  const { addIceCandidate } = RTCPeerConnection.prototype
  const replaced = function (this: RTCPeerConnection, init?: RTCIceCandidateInit | null) {
    if (!init?.candidate) return Reflect.apply(addIceCandidate, this, [init])
    const parts = init.candidate.split(' ')
    parts[4] = '192.0.2.1'
    return Reflect.apply(addIceCandidate, this, [{ ...init, candidate: parts.join(' ') }])
  }
  Object.assign(RTCPeerConnection.prototype, { addIceCandidate: replaced })
}

const publishOne = async (peer: Peer, slug: string, noise: number): Promise<string> => {
  const manifest = `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n`
  const published = await publish(peer.page, [
    { path: 'package.toml', text: manifest },
    { path: 'data.bin', noise },
  ])
  if (published.failed) throw new Error(published.message)
  return published.value.id
}

/** Records the highest number of direct connections in any status, and the limits of transfers. */
const watchUpdates = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const seen = { direct: 0, limits: [] as unknown[] }
    Object.assign(globalThis, { seen })
    window.ggen.subscribe((batch) => {
      for (const update of batch) {
        if (update.kind === 'status') seen.direct = Math.max(seen.direct, update.status.directConnections)
        if (update.kind === 'transfer' && update.transfer.limit) seen.limits.push(update.transfer.limit)
      }
    })
  })

const seenBy = (page: Page) =>
  page.evaluate(() => ({
    ...(Reflect.get(globalThis, 'seen') as { direct: number; limits: unknown[] }),
    connected: Reflect.get(globalThis, 'everConnected') as number,
  }))

const expectFound = (peer: Peer, slug: string) =>
  expect
    .poll(async () => (await peer.search({ text: slug })).hits.map((hit) => hit.slug), { timeout: 30_000 })
    .toContain(slug)

const peersOf = (page: Page) =>
  page.evaluate(async () => (await window.ggen.peers()).map(({ kind, path }) => `${kind} ${path}`).sort())

for (const [how, browserOf, obstacle] of [
  ['UDP is blocked by the browser’s policy', 'blocked', 'none'],
  ['every candidate is dead', 'browser', 'dead candidates'],
] as const) {
  test(`when ${how}, packages come through the relay up to its limit and no peer counts as direct`, async ({
    browser,
    blocked,
    meet,
  }) => {
    const here = browserOf === 'blocked' ? blocked : browser
    const [a, b] = [await meet(here, obstacle), await meet(here, obstacle)]
    for (const { page } of [a, b]) await watchUpdates(page)
    const id = await publishOne(a, 'small', 4_000_000)
    const large = await publishOne(a, 'large', 17_000_000)
    await expectFound(b, 'small')
    expect(await install(b.page, [id])).toMatchObject({ failed: false })
    expect(await b.page.evaluate((id) => window.ggen.verify(id, '1.0.0'), id)).toEqual({ ok: true, damaged: [] })
    await expectFound(b, 'large')
    expect(await install(b.page, [large])).toMatchObject({
      failed: true,
      name: 'TooLargeForRelay',
      message: expect.stringMatching(/16 MB of a package.*VPN/),
    })
    await expect
      .poll(() => b.page.evaluate(async () => (await window.ggen.status()).steps.direct.state), { timeout: 30_000 })
      .toBe('failed')
    expect(await peersOf(b.page)).toEqual(['peer relayed', 'relay direct'])
    const seen = await seenBy(b.page)
    expect(seen).toMatchObject({ direct: 0, connected: 0 })
    expect(seen.limits).toContainEqual({ reason: 'relayed', bytes: 16_000_000 })
    expect(await seenBy(a.page)).toMatchObject({ direct: 0, connected: 0 })
    await expect(b.page.getByRole('link', { name: /^Network:/ })).toContainText('no direct peers')
  })
}

test('packages go both ways when one side has no WebRTC', async ({ browser, meet }) => {
  const [a, b] = [await meet(browser, 'no WebRTC'), await meet(browser, 'none')]
  const ids = { a: await publishOne(a, 'from-a', 300_000), b: await publishOne(b, 'from-b', 300_000) }
  await expectFound(a, 'from-b')
  await expectFound(b, 'from-a')
  expect(await install(b.page, [ids.a])).toMatchObject({ failed: false })
  expect(await install(a.page, [ids.b])).toMatchObject({ failed: false })
  expect((await a.status()).directConnections).toBe(0)
  expect((await b.status()).directConnections).toBe(0)
})
