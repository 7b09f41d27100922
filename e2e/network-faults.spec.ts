import { install, publish } from './fixtures/outcomes.ts'
import { openPeer } from './fixtures/peer.ts'
import { type Relay, startRelay } from './fixtures/relay.ts'
import { test as base, expect } from './fixtures/test.ts'

/** Two relays beside the one that serves the page, so that all of them can fail. */
const test = base.extend<{ relays: Relay[] }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixture's dependencies from this pattern
  relays: async ({}, use) => {
    const relays = [await startRelay(), await startRelay()]
    await use(relays)
    for (const relay of relays) await relay.stop()
  },
})

const query = (relays: readonly Relay[]): string =>
  `?${relays.map(({ relay }) => `relay=${encodeURIComponent(relay)}`).join('&')}`

const files = (slug: string) => [
  {
    path: 'package.toml',
    text: `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n`,
  },
  { path: 'templates/a.tmpl', text: `made without relays: ${slug}\n` },
]

test('direct peers can search, gossip and install without any relay, and report which step fails', async ({
  join,
  relays,
}) => {
  const [a, b] = [await join(query(relays)), await join(query(relays))]
  for (const peer of [a, b])
    await expect
      .poll(async () => {
        const { relays, directConnections } = await peer.page.evaluate(() => window.ggen.status())
        return [directConnections, ...relays.map(({ reserved }) => reserved)]
      })
      .toEqual([1, true, true])
  for (const relay of relays) await relay.pause()
  for (const peer of [a, b])
    await expect
      .poll(() => peer.page.evaluate(async () => (await window.ggen.status()).relays.map(({ connected }) => connected)))
      .toEqual([false, false])

  const published = await publish(a.page, files('without-relays'))
  if (published.failed) throw new Error(published.message)
  const { id } = published.value
  await expect.poll(async () => (await b.search({ text: 'without' })).hits.map((hit) => hit.id)).toEqual([id])
  expect(await install(b.page, [id])).toMatchObject({ failed: false })
  expect(Buffer.from(await b.readFile(id, '1.0.0', 'templates/a.tmpl'), 'base64').toString()).toContain(
    'without-relays',
  )

  const steps = () => b.page.evaluate(async () => (await window.ggen.status()).steps)
  await expect
    .poll(steps)
    .toMatchObject({
      relay: { state: 'failed', reason: { code: 'relay-silent' }, since: expect.any(Number) },
      direct: { state: 'ok' },
      topic: { state: 'ok' },
      catalogue: { state: 'ok' },
    })
  await b.page.getByRole('link', { name: /^Network:/ }).click()
  const failing = b.page.getByRole('listitem').filter({ has: b.page.getByRole('heading', { name: /^Relay/ }) })
  await expect(failing).toContainText('Not working, changed')
  const peers = await b.page.evaluate(() => window.ggen.peers())
  expect(peers).toMatchObject([{ kind: 'peer', path: 'direct', health: 'healthy', kept: true }])

  for (const relay of relays) await relay.restart()
  await expect
    .poll(() => b.page.evaluate(async () => (await window.ggen.status()).relays.map(({ reserved }) => reserved)))
    .toEqual([true, true])
})

test('a page that becomes visible, resumes or comes back online dials its relay at once', async ({ join, relays }) => {
  const [relay] = relays
  if (relay === undefined) throw new Error('unreachable')
  await relay.pause()
  const a = await join(query([relay]))
  const wakes = (): Promise<number> => a.page.evaluate(() => (globalThis as unknown as { wakes: number }).wakes)
  // Counts the page's wake commands: the engine's own dials happen at unpredictable times.
  await a.page.evaluate(() => {
    const counted = globalThis as unknown as { wakes: number }
    counted.wakes = 0
    const post = MessagePort.prototype.postMessage
    const postWorker = Worker.prototype.postMessage
    const count = (message: unknown): void => {
      if (JSON.stringify(message)?.includes('"wake"')) counted.wakes += 1
    }
    MessagePort.prototype.postMessage = function (this: MessagePort, ...args: unknown[]) {
      count(args[0])
      return (post as (...all: unknown[]) => void).apply(this, args)
    } as typeof post
    Worker.prototype.postMessage = function (this: Worker, ...args: unknown[]) {
      count(args[0])
      return (postWorker as (...all: unknown[]) => void).apply(this, args)
    } as typeof postWorker
  })
  const fire = (target: 'document' | 'window', type: string): Promise<boolean> =>
    a.page.evaluate(
      ([target, type]) => (target === 'document' ? document : window).dispatchEvent(new Event(type ?? '')),
      [target, type],
    )
  for (const [count, [target, type]] of (
    [
      ['document', 'visibilitychange'],
      ['document', 'resume'],
      ['window', 'online'],
    ] as const
  ).entries()) {
    await fire(target, type)
    await expect.poll(wakes).toBe(count + 1)
  }

  // After many failed dials the engine's next one is 7 to 15 s away.
  await expect.poll(() => a.page.evaluate(async () => (await window.ggen.status()).steps.relay.state)).toBe('failed')
  await relay.restart()
  await fire('document', 'visibilitychange')
  await expect.poll(async () => (await a.status()).online).toBe(true)
})

test('a tab whose configured relay is down finds a remembered peer through its previous relay', async ({
  join,
  relays,
}) => {
  const a = await join(query(relays))
  const b = await join(query(relays))
  const { peerId } = await a.status()
  const remembered = (): Promise<boolean> =>
    b.page.evaluate(
      (peerId) =>
        new Promise<boolean>((resolve, reject) => {
          const opening = indexedDB.open('ggen-default')
          opening.onerror = () => reject(opening.error)
          opening.onsuccess = () => {
            const database = opening.result
            const request = database.transaction('peers').objectStore('peers').get('remembered')
            request.onsuccess = () => {
              database.close()
              const bytes = request.result as Uint8Array | undefined
              resolve(bytes !== undefined && new TextDecoder().decode(bytes).includes(peerId))
            }
          }
        }),
      peerId,
    )
  await expect.poll(remembered).toBe(true)
  const { origin } = new URL(b.page.url())
  await b.page.close()
  const absent = await startRelay()
  await absent.stop()
  const again = await openPeer(b.context, `${origin}/${query([absent])}`)
  await expect
    .poll(async () => (await again.page.evaluate(() => window.ggen.peers())).map(({ peerId }) => peerId))
    .toContain(peerId)
})
