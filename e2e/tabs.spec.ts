import type { BrowserContext, Page } from '@playwright/test'
import { makePackage, type PlainFile, textFile } from './fixtures/packages.ts'
import { engineUp, openPeer, peerOf } from './fixtures/peer.ts'
import { outcomeOfPending, startCommands } from './fixtures/pending-commands.ts'
import { expect, test } from './fixtures/test.ts'

/** Creates a file of incompressible bytes; equal sizes give equal bytes. */
const bigFile = (path: string, bytes: number): PlainFile => {
  const content = Buffer.alloc(bytes)
  let state = bytes
  for (let at = 0; at < bytes; at += 4) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    content.writeInt32LE(state | 0, at)
  }
  return { path, base64: content.toString('base64') }
}

/** Tabs with a worker, which is the engine's. */
const leaders = (context: BrowserContext): Page[] => context.pages().filter((page) => page.workers().length > 0)

const leaderOf = async (context: BrowserContext): Promise<Page> => {
  await expect.poll(() => leaders(context).length).toBe(1)
  const [leader] = leaders(context)
  if (leader === undefined) throw new Error('No tab leads.')
  return leader
}

/** Finds the renderer process of a page, which is the busy one while only that page computes. Stopping it freezes the tab. */
const rendererOf = async (page: Page): Promise<number> => {
  const session = await page.context().browser()?.newBrowserCDPSession()
  if (session === undefined) throw new Error('The page has no browser.')
  const times = async (): Promise<Map<number, number>> => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return new Map(processInfo.filter(({ type }) => type === 'renderer').map(({ id, cpuTime }) => [id, cpuTime]))
  }
  const before = await times()
  // About a second of work on an idle machine.
  await page.evaluate((rounds) => {
    let sum = 0
    for (let round = 0; round < rounds; round += 1) sum = (Math.imul(sum, 31) + round) | 0
    return sum
  }, 1_000_000_000)
  const worked = [...(await times())].map(([id, time]) => ({ id, time: time - (before.get(id) ?? 0) }))
  const [busiest] = worked.sort((one, other) => other.time - one.time)
  if (busiest === undefined) throw new Error('The browser has no renderer.')
  return busiest.id
}

/** Prints the time from the end of the leader until the next engine answers `page`; informational. */
const printHandOver = async (what: string, page: Page, gone: () => Promise<unknown>): Promise<void> => {
  const began = Date.now()
  await gone()
  const goneAt = Date.now()
  await page.evaluate(() => window.ggen.status())
  console.log(
    `hand-over, ${what}: ${Date.now() - goneAt} ms after the leader had ended, ${Date.now() - began} ms after it began to end`,
  )
}

test('a second tab searches, publishes, installs and receives updates through the first', async ({ join, relay }) => {
  const [other, a] = [await join(), await join()]
  const follower = await openPeer(a.context, `${relay.page}/`)
  expect(leaders(a.context)).toEqual([a.page])
  expect((await follower.status()).peerId).toBe((await a.status()).peerId)

  // 20 MiB cross in chunks, in both directions.
  const { files } = makePackage('from-the-follower', '1.0.0', [
    bigFile('big.bin', 20 * 1024 * 1024),
    textFile('e.txt', ''),
  ])
  const published = await follower.publish(files)
  expect((await a.search({ text: 'follower' })).hits.map(({ id }) => id)).toEqual([published.id])
  expect((await follower.search({ text: 'follower' })).total).toBe(1)
  for (const { path, base64 } of files)
    expect((await follower.readFile(published.id, '1.0.0', path)) === base64).toBe(true)

  const theirs = await other.publish(makePackage('theirs', '1.0.0', [bigFile('b.bin', 8 * 1024 * 1024)]).files)
  await expect.poll(async () => (await follower.search({})).total).toBe(2)
  const states = await follower.page.evaluate(async (id) => {
    const seen = new Set<string>()
    const ended = new Promise<void>((resolve) => {
      window.ggen.subscribe((batch) => {
        for (const update of batch) {
          if (update.kind !== 'transfer') continue
          seen.add(update.transfer.state)
          if (update.transfer.state === 'done') resolve()
        }
      })
    })
    await window.ggen.install([id])
    await ended
    return [...seen]
  }, theirs.id)
  expect(states).toEqual(expect.arrayContaining(['fetching', 'done']))
  expect((await a.library()).map(({ slug }) => slug)).toEqual(['theirs'])

  // Failures of the engine keep their names.
  const name = await follower.page.evaluate(() => window.ggen.describe('nobody/nothing').catch(({ name }) => name))
  expect(name).toBe('PackageNotFound')
})

test('a follower takes over from a closed leader and continues a pending install', async ({ join, relay }) => {
  const [other, a] = [await join(), await join()]
  const follower = await openPeer(a.context, `${relay.page}/`)
  const { files } = makePackage('big-one', '1.0.0', [bigFile('b.bin', 32 * 1024 * 1024)])
  const { id } = await other.publish(files)
  await expect.poll(async () => (await follower.search({})).total).toBe(1)

  await follower.page.evaluate(
    (id) =>
      new Promise<void>((resolve) => {
        window.ggen.subscribe((batch) => {
          for (const update of batch) {
            if (update.kind === 'transfer' && update.transfer.bytes > 4 * 1024 * 1024) resolve()
          }
        })
        Object.assign(window, { pending: window.ggen.install([id]) })
      }),
    id,
  )
  expect(await follower.library()).toEqual([])
  await printHandOver('closed in the middle of an install', follower.page, () => a.page.close())
  expect(leaders(a.context)).toEqual([follower.page])

  // The new leader fulfils the promise of an install that the old one began.
  const { installed } = await follower.page.evaluate(
    () => (window as unknown as { pending: ReturnType<typeof window.ggen.install> }).pending,
  )
  expect(installed.map((each) => each.id)).toEqual([id])
  for (const { path, base64 } of files) expect((await follower.readFile(id, '1.0.0', path)) === base64).toBe(true)
})

test('the next leader answers commands that were pending when the leader closed', async ({ join, relay }) => {
  const a = await join()
  const follower = await openPeer(a.context, `${relay.page}/`)
  await startCommands(follower.page, 'in-flight', 24 * 1024 * 1024)
  await printHandOver('closed under a publish', follower.page, () => a.page.close())
  expect(await outcomeOfPending(follower.page)).toBe('answered')
  expect((await follower.search({})).hits.map(({ slug }) => slug)).toEqual(['in-flight'])
})

/** `GGEN_TABS=20` opens more, which needs an idle machine because every tab draws the whole page. */
const tabCount = Number(process.env['GGEN_TABS'] ?? 6)

test(`${tabCount} tabs survive three crashes of their leader`, async ({ join, relay }) => {
  const a = await join()
  const tabs = [a.page]
  for (let count = 1; count < tabCount; count += 1) tabs.push((await openPeer(a.context, `${relay.page}/`)).page)
  const { peerId } = await a.status()
  await tabs.at(-1)?.evaluate(() => {
    const stolen: unknown[] = []
    Object.assign(window, { stolen })
    new BroadcastChannel('ggen-tabs-default').onmessage = ({ data }) => {
      if (data.kind === 'claim' && data.stolen) stolen.push(data.leader)
    }
  })
  for (let round = 1; round <= 3; round += 1) {
    const leader = await leaderOf(a.context)
    const rest = tabs.filter((page) => page !== leader && !page.isClosed())
    const last = rest.at(-1)
    if (last === undefined) throw new Error('No tab is left.')
    await printHandOver(`killed, round ${round}`, last, async () => {
      const crashed = leader.waitForEvent('crash')
      leader.goto('chrome://crash').catch(() => {})
      await crashed
    })
    await leader.close()
    await leaderOf(a.context)
    await peerOf(last).publish(makePackage(`round-${round}`, '1.0.0').files)
    for (const page of rest) {
      expect((await peerOf(page).search({})).total).toBe(round)
      expect((await peerOf(page).status()).peerId).toBe(peerId)
    }
  }
  const stolen = await tabs.at(-1)?.evaluate(() => (window as unknown as { stolen: unknown[] }).stolen.length)
  console.log(`leaders replaced as frozen although they were alive: ${stolen}`)
})

test('a frozen leader is replaced and becomes a follower when it wakes', async ({ join, relay }) => {
  const a = await join()
  const follower = await openPeer(a.context, `${relay.page}/`)
  const renderer = await rendererOf(a.page)
  try {
    await printHandOver('frozen', follower.page, async () => {
      process.kill(renderer, 'SIGSTOP')
      await follower.publish(makePackage('while-frozen', '1.0.0').files)
      await expect.poll(() => follower.page.workers().length).toBe(1)
    })
  } finally {
    process.kill(renderer, 'SIGCONT')
  }
  await expect.poll(() => leaders(a.context)).toEqual([follower.page])
  expect((await a.search({})).total).toBe(1)
  await a.publish(makePackage('after-waking', '1.0.0').files)
  expect((await follower.search({})).total).toBe(2)
})

test('a leader serves other tabs while its page hangs', async ({ join, relay }) => {
  const a = await join()
  const follower = await openPeer(a.context, `${relay.page}/`)
  // A page in an endless loop can still read cookies.
  const hang = a.page.evaluate(() => {
    while (!document.cookie.includes('enough'));
  })
  await follower.publish(makePackage('meanwhile', '1.0.0').files)
  expect((await follower.search({})).total).toBe(1)
  await follower.page.evaluate(() => {
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is no better in a test
    document.cookie = 'enough=1'
  })
  await hang
  expect(leaders(a.context)).toEqual([a.page])
})

test('a page reports a tab with another version and says what to do', async ({ join, relay }) => {
  // Later versions keep the lobby channel and its envelope.
  const later = await (await join('?peer=elsewhere')).context.newPage()
  await later.goto(`${relay.page}/manifest.webmanifest`)
  await later.evaluate(() => {
    void navigator.locks.request('ggen-leader-default', () => new Promise(() => {}))
    const lobby = new BroadcastChannel('ggen-tabs-default')
    lobby.onmessage = () => lobby.postMessage({ ggen: 'tabs', v: 99, role: 'leader', kind: 'of the future' })
  })
  const page = await later.context().newPage()
  await page.goto(`${relay.page}/`)
  await expect(page.getByRole('heading', { name: 'Another version of this page is open' })).toBeVisible()
  expect(await page.evaluate(() => window.ggen.library().catch(({ name }) => name))).toBe('TabOutdated')
  await later.close()
  await page.getByRole('button', { name: 'Try again' }).click()
  await engineUp(page)
})

test('the only tab restarts its engine after a reload', async ({ join }) => {
  const a = await join()
  const { peerId } = await a.status()
  const began = Date.now()
  await a.page.reload()
  await engineUp(a.page)
  console.log(`reload of the only tab: ${Date.now() - began} ms`)
  expect((await a.status()).peerId).toBe(peerId)
})
