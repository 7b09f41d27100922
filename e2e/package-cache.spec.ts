import type { Page } from '@playwright/test'
import { encodeDhtValue } from '../workers/protocol/dht-value.ts'
import { headKey, packageId } from '../workers/protocol/ids.ts'
import { createForger } from '../workers/testing/forged-records.ts'
import { startHostileNode } from './fixtures/hostile-node.ts'
import { makePackage } from './fixtures/packages.ts'
import { engineUp, openPeer, peerOf } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

/** Where lookups are answered from: the tiers of the cache, over a reload and a change of the leading tab. */

const from = (page: Page, id: string): Promise<string> =>
  page.evaluate(async (id) => (await window.ggen.lookup(id)).from, id)

const hits = (page: Page): Promise<Record<string, number>> => page.evaluate(() => window.ggen.metrics())

/** Until the write that comes behind has reached IndexedDB. */
const stored = async (page: Page, id: string): Promise<void> => {
  const keys = (): Promise<string[]> =>
    page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const opening = indexedDB.open('ggen-default')
          opening.onerror = () => reject(opening.error)
          opening.onsuccess = () => {
            const asking = opening.result.transaction('cache').objectStore('cache').getAllKeys()
            asking.onsuccess = () => {
              opening.result.close()
              resolve(asking.result.map(String))
            }
          }
        }),
    )
  await expect.poll(async () => (await keys()).some((key) => key.startsWith(id))).toBe(true)
}

/** Puts a package into the DHT and leaves: nothing but the relay’s DHT knows it, since it was never announced. */
const leaveInDht = async (relay: string): Promise<string> => {
  const publisher = await startHostileNode({ listen: false })
  await publisher.joinRelay(relay)
  const { identity, head } = await (await createForger('gone')).release('looked-up', '1.0.0')
  const key = new TextEncoder().encode(headKey(identity.publisherId, 'looked-up'))
  const isStored = async (): Promise<boolean> => {
    for await (const event of publisher.node.services.dht.put(key, encodeDhtValue(identity, head)))
      if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') return true
    return false
  }
  await expect.poll(isStored).toBe(true)
  await publisher.stop()
  return packageId(identity.publisherId, 'looked-up')
}

test('a lookup is answered by the DHT, then hot or warm, after a reload cold, and by the next leader', async ({
  join,
  relay,
}) => {
  // A hundred publishes, and five engines that start.
  const id = await leaveInDht(relay.relay)

  const { page, context } = await join()
  await expect.poll(() => from(page, id), { timeout: 60_000, intervals: [500] }).toBe('dht')
  expect(await from(page, id)).toBe('hot')
  const line = page.getByText('sent to other peers')
  await page.getByRole('link', { name: 'Network', exact: true }).click()
  await expect(line).toBeVisible()

  // More than fit among the hot ones.
  const answers = await page.evaluate(async () => {
    const manifest = (n: number) => new TextEncoder().encode(`[package]\nname = "own-${n}"\nversion = "1.0.0"\n`)
    const own = Array.from({ length: 101 }, (_, n) => [{ path: 'package.toml', bytes: manifest(n) }])
    const published = await Promise.all(own.map((files) => window.ggen.publish(files)))
    const seen = new Set<string>()
    for (const { id } of published.reverse()) seen.add((await window.ggen.lookup(id)).from)
    return [...seen].sort()
  })
  expect(answers).toEqual(['hot', 'warm'])
  const counted = await hits(page)
  expect(counted['cache_hits_total{tier="warm"}']).toBeGreaterThan(0)
  expect(counted['cache_hits_total{tier="catalogue"}']).toBe(0)

  await stored(page, id)
  await page.reload()
  await engineUp(page)
  expect(await from(page, id)).toBe('cold')
  expect(await from(page, id)).toBe('hot')
  expect(await hits(page)).toMatchObject({
    'cache_hits_total{tier="hot"}': 1,
    'cache_hits_total{tier="cold"}': 1,
    cache_misses_total: 0,
    cache_hit_rate: 1,
    dht_lookups_total: 0,
  })

  // A tab that follows asks the same engine; when it leads, it starts with what is stored.
  const follower = await openPeer(context, `${relay.page}/`)
  expect(await from(follower.page, id)).toBe('hot')
  await page.close()
  expect(await from(follower.page, id)).toBe('cold')
})

test('a tab that is hidden writes at once what waits to be stored', async ({ join }) => {
  const { page } = await join()
  // Nothing is written behind any more: its timer never rings.
  await page.workers()[0]?.evaluate(() => {
    Object.assign(self, { setTimeout: () => 0 })
  })
  const { id } = await peerOf(page).publish(makePackage('hidden', '1.0.0').files)
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await stored(page, id)
})
