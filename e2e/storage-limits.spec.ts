import type { BrowserContext, Page } from '@playwright/test'
import { install, publish, type Recipe, storedState } from './fixtures/outcomes.ts'
import { engineUp, openPeer, peerOf } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

const files = (slug: string, noise = 0): Recipe[] => [
  {
    path: 'package.toml',
    text: `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n`,
  },
  { path: 'a.txt', text: `${slug}\n` },
  ...(noise === 0 ? [] : [{ path: 'big.bin', noise }]),
]

/** Ways in which browsers deny IndexedDB to a worker, as scripts that run before the engine's. */
const refusals = {
  'is undefined': `Object.defineProperty(globalThis, 'indexedDB', { value: undefined });`,
  'throws when it is read': `Object.defineProperty(globalThis, 'indexedDB', {
    get() { throw new DOMException('The operation is insecure.', 'SecurityError') },
  });`,
  'fails to open': `IDBFactory.prototype.open = () => {
    const request = new EventTarget();
    Object.setPrototypeOf(request, IDBOpenDBRequest.prototype);
    const error = new DOMException('A mutation operation was attempted on a database that did not allow mutations.', 'InvalidStateError');
    Object.defineProperty(request, 'error', { value: error });
    queueMicrotask(() => EventTarget.prototype.dispatchEvent.call(request, new Event('error')));
    return request;
  };`,
  'throws when it is opened': `IDBFactory.prototype.open = () => {
    throw new DOMException('IDBFactory.open() called in an invalid security context', 'SecurityError');
  };`,
}

/** Opens the page with a worker that is denied IndexedDB. */
const openRefused = async (page: Page, address: string, script: string): Promise<void> => {
  let served = 0
  await page.route(/\/assets\/engine\.worker-[^/]*\.js$/, async (route) => {
    const response = await route.fetch()
    served += 1
    await route.fulfill({ response, body: `${script}\n${await response.text()}` })
  })
  await page.goto(address)
  await engineUp(page)
  expect(served).toBe(1)
}

test('without IndexedDB the page works in memory and says so', async ({ relay, context }) => {
  for (const [at, [how, script]] of Object.entries(refusals).entries()) {
    await test.step(`IndexedDB ${how}`, async () => {
      const page = await context.newPage()
      await openRefused(page, `${relay.page}/?peer=refused-${at}`, script)
      const refused = peerOf(page)
      expect(await refused.status()).toMatchObject({
        persistent: false,
        steps: { storage: { state: 'failed', reason: { code: 'after-failure', reason: { code: 'storage-refused' } } } },
      })
      await expect(page.getByText('Nothing is saved after you close this tab')).toBeVisible()

      const made = await publish(page, files('in-memory'))
      if (made.failed) throw new Error(made.message)
      const { id } = made.value
      expect((await refused.search({ text: 'in-memory' })).hits.map((hit) => hit.id)).toEqual([id])
      expect(await install(page, [id])).toMatchObject({ failed: false })
      expect((await refused.library()).map(({ slug }) => slug)).toEqual(['in-memory'])
      const read = await refused.readFile(id, '1.0.0', 'a.txt')
      expect(Buffer.from(read, 'base64').toString()).toBe('in-memory\n')
      await page.close()
    })
  }
})

test('a page without storage exchanges packages with other peers', async ({ join, relay }) => {
  const a = await join()
  // A response from Playwright has no address, so Chromium denies it the local network without this permission.
  await a.context.grantPermissions(['local-network-access'])
  const page = await a.context.newPage()
  await openRefused(page, `${relay.page}/?peer=private`, refusals['throws when it is opened'])
  const refused = peerOf(page)
  expect(await refused.status()).toMatchObject({ persistent: false })
  expect(await a.status()).toMatchObject({ persistent: true })

  const made = await publish(page, files('in-memory'))
  const other = await publish(a.page, files('on-disk'))
  if (made.failed || other.failed) throw new Error('not published')
  await expect.poll(async () => (await a.search({ text: '' })).total).toBe(2)
  await expect.poll(async () => (await refused.search({ text: '' })).total).toBe(2)
  expect(await install(a.page, [made.value.id])).toMatchObject({ failed: false })
  expect(await install(page, [other.value.id])).toMatchObject({ failed: false })
  expect((await refused.library()).map(({ slug }) => slug)).toEqual(['on-disk'])
  expect((await a.library()).map(({ slug }) => slug)).toEqual(['in-memory'])
})

/** Limits the storage quota of the origin of `address` (bytes) until `lift`. */
const limitQuota = async (
  context: BrowserContext,
  address: string,
  quotaSize: number,
): Promise<{ lift(): Promise<void> }> => {
  const page = await context.newPage()
  // The limit ends with its session.
  const session = await context.newCDPSession(page)
  const { origin } = new URL(address)
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize })
  return {
    async lift() {
      await session.send('Storage.overrideQuotaForOrigin', { origin })
    },
  }
}

const megabyte = 1_000_000

test('a publish beyond the quota fails by name and leaves nothing behind', async ({ relay, browser }) => {
  const context = await browser.newContext()
  const quota = await limitQuota(context, relay.page, 4 * megabyte)
  const a = await openPeer(context, relay.page)
  expect(await publish(a.page, files('small'))).toMatchObject({ failed: false })
  const before = await storedState(a.page)

  const refused = await publish(a.page, files('large', 20 * megabyte))
  expect(refused).toMatchObject({ failed: true, name: 'QuotaExceeded', message: expect.stringMatching(/no space/) })
  expect(await storedState(a.page)).toEqual(before)

  await quota.lift()
  expect(await publish(a.page, files('large', 20 * megabyte))).toMatchObject({ failed: false })
  const after = await storedState(a.page)
  expect(after.packages).toHaveLength(2)
  expect(Object.keys(after.rows).filter((row) => row.startsWith('pieces '))).toHaveLength(1 + 77)
  await context.close()
})

test('an install beyond the quota fails by name and works once there is space', async ({ join, relay, browser }) => {
  const a = await join()
  const context = await browser.newContext()
  const quota = await limitQuota(context, relay.page, 4 * megabyte)
  const b = await openPeer(context, relay.page)
  const small = await publish(a.page, files('small'))
  const large = await publish(a.page, files('large', 20 * megabyte))
  if (small.failed || large.failed) throw new Error('not published')
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(2)
  expect(await install(b.page, [small.value.id])).toMatchObject({ failed: false })
  const before = await storedState(b.page)

  expect(await install(b.page, [large.value.id])).toMatchObject({ failed: true, name: 'QuotaExceeded' })
  const after = await storedState(b.page)
  expect(after.library).toEqual(before.library)
  expect(after.packages).toEqual(before.packages)
  expect(Object.keys(after.rows).filter((row) => row.startsWith('transfers '))).toEqual([])
  // Earlier rows are unchanged, and the failed install has added only verified pieces.
  expect(after.rows).toMatchObject(before.rows)
  const added = Object.keys(after.rows).filter((row) => !(row in before.rows))
  expect(added.filter((row) => !/^(pieces|manifests) /.test(row))).toEqual([])
  expect(Buffer.from(await b.readFile(small.value.id, '1.0.0', 'a.txt'), 'base64').toString()).toBe('small\n')

  await quota.lift()
  expect(await install(b.page, [large.value.id])).toMatchObject({ failed: false })
  expect((await b.library()).map(({ slug }) => slug).sort()).toEqual(['large', 'small'])
  expect(await b.page.evaluate((id) => window.ggen.verify(id, '1.0.0'), large.value.id)).toEqual({
    ok: true,
    damaged: [],
  })
  await context.close()
})
