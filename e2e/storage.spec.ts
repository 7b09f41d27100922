import type { Page } from '@playwright/test'
import { everythingKept, install, publish, type Recipe } from './fixtures/attempts.ts'
import { engineUp, peerOf } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

const files = (slug: string, noise = 0): Recipe[] => [
  {
    path: 'package.toml',
    text: `[package]\nname = "${slug}"\nversion = "1.0.0"\ndescription = "The ${slug} package"\n`,
  },
  { path: 'a.txt', text: `${slug}\n` },
  ...(noise === 0 ? [] : [{ path: 'big.bin', noise }]),
]

/** Ways in which browsers refuse IndexedDB to a worker: script that runs before the engine's. */
const refusals = {
  'is not there': `Object.defineProperty(globalThis, 'indexedDB', { value: undefined });`,
  'may not be looked at': `Object.defineProperty(globalThis, 'indexedDB', {
    get() { throw new DOMException('The operation is insecure.', 'SecurityError') },
  });`,
  'does not open': `IDBFactory.prototype.open = () => {
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

/** Opens the page with a worker whose IndexedDB is refused. */
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

for (const [how, script] of Object.entries(refusals)) {
  test(`where IndexedDB ${how}, everything works in memory, and the page says so`, async ({ join, relay }) => {
    const b = await join()
    const page = await b.context.newPage()
    await openRefused(page, `${relay.page}/?peer=private`, script)
    const refused = peerOf(page)
    expect(await refused.status()).toMatchObject({ persistent: false, steps: { storage: { state: 'failed' } } })
    await expect(page.getByText('Nothing is kept after this tab is closed')).toBeVisible()
    const { storage } = (await refused.status())['steps'] as { storage: { reason: string } }
    expect(storage.reason).toMatch(/storage|store data/)

    const made = await publish(page, files('in-memory'))
    if (made.failed) throw new Error(made.message)
    expect(Buffer.from(await refused.readFile(made.value.id, '1.0.0', 'a.txt'), 'base64').toString()).toBe(
      'in-memory\n',
    )
    await expect.poll(async () => (await b.search({ text: '' })).total).toBe(1)
    expect(await install(b.page, [made.value.id])).toMatchObject({ failed: false })

    const others = await publish(b.page, files('on-disk'))
    if (others.failed) throw new Error(others.message)
    await expect.poll(async () => (await refused.search({ text: '' })).total).toBe(2)
    expect(await install(page, [others.value.id])).toMatchObject({ failed: false })
    expect((await refused.library()).map(({ slug }) => slug)).toEqual(['on-disk'])
    expect((await b.status())['persistent']).toBe(true)
  })
}

const setQuota = async (page: Page, quotaSize?: number): Promise<void> => {
  const session = await page.context().newCDPSession(page)
  const { origin } = new URL(page.url())
  await session.send('Storage.overrideQuotaForOrigin', { origin, ...(quotaSize === undefined ? {} : { quotaSize }) })
  await session.detach()
}

const megabyte = 1_000_000

test('a publish that does not fit is refused by name and leaves nothing behind', async ({ join }) => {
  const a = await join()
  expect(await publish(a.page, files('small'))).toMatchObject({ failed: false })
  const before = await everythingKept(a.page)
  await setQuota(a.page, 4 * megabyte)

  const refused = await publish(a.page, files('large', 20 * megabyte))
  expect(refused).toMatchObject({ failed: true, name: 'QuotaExceeded', message: expect.stringMatching(/no room/) })
  expect(await everythingKept(a.page)).toEqual(before)

  await setQuota(a.page)
  expect(await publish(a.page, files('large', 20 * megabyte))).toMatchObject({ failed: false })
  const after = await everythingKept(a.page)
  expect(after.packages).toHaveLength(2)
  expect(Object.keys(after.rows).filter((row) => row.startsWith('pieces '))).toHaveLength(1 + 77)
})

test('an install that does not fit is refused by name, and works when there is room', async ({ join }) => {
  const [a, b] = [await join(), await join()]
  const small = await publish(a.page, files('small'))
  const large = await publish(a.page, files('large', 20 * megabyte))
  if (small.failed || large.failed) throw new Error('not published')
  await expect.poll(async () => (await b.search({ text: '' })).total).toBe(2)
  expect(await install(b.page, [small.value.id])).toMatchObject({ failed: false })
  const before = await everythingKept(b.page)
  await setQuota(b.page, 4 * megabyte)

  expect(await install(b.page, [large.value.id])).toMatchObject({ failed: true, name: 'QuotaExceeded' })
  const after = await everythingKept(b.page)
  expect(after.library).toEqual(before.library)
  expect(after.packages).toEqual(before.packages)
  expect(Object.keys(after.rows).filter((row) => row.startsWith('transfers '))).toEqual([])
  // What was here is as it was; what came of the large one are whole, checked pieces and nothing else.
  expect(after.rows).toMatchObject(before.rows)
  const came = Object.keys(after.rows).filter((row) => !(row in before.rows))
  expect(came.filter((row) => !/^(pieces|manifests) /.test(row))).toEqual([])
  expect(Buffer.from(await b.readFile(small.value.id, '1.0.0', 'a.txt'), 'base64').toString()).toBe('small\n')

  await setQuota(b.page)
  expect(await install(b.page, [large.value.id])).toMatchObject({ failed: false })
  expect((await b.library()).map(({ slug }) => slug).sort()).toEqual(['large', 'small'])
  expect(await b.page.evaluate((id) => window.ggen.verify(id, '1.0.0'), large.value.id)).toEqual({
    ok: true,
    damaged: [],
  })
})
