import type { Page } from '@playwright/test'
import { encodeDhtValue } from '../workers/protocol/dht-value.ts'
import { headKey, packageId } from '../workers/protocol/ids.ts'
import { createForger } from '../workers/testing/forged-records.ts'
import { startHostileNode } from './fixtures/hostile-node.ts'
import { makePackage } from './fixtures/packages.ts'
import { engineUp, openPeer, peerOf } from './fixtures/peer.ts'
import { expect, test } from './fixtures/test.ts'

/** The tiers of the package cache that answer lookups, after a reload and a change of the leading tab. */

const tierOf = (page: Page, id: string): Promise<string> =>
  page.evaluate(async (id) => (await window.ggen.lookup(id)).from, id)

const metrics = (page: Page): Promise<Record<string, number>> => page.evaluate(() => window.ggen.metrics())

/** Waits until the write-behind has reached IndexedDB. */
const stored = async (page: Page, id: string): Promise<void> => {
  const keys = (): Promise<string[]> =>
    page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const opening = indexedDB.open('ggen-default')
          opening.onerror = () => reject(opening.error)
          opening.onsuccess = () => {
            const request = opening.result.transaction('cache').objectStore('cache').getAllKeys()
            request.onsuccess = () => {
              opening.result.close()
              resolve(request.result.map(String))
            }
          }
        }),
    )
  await expect.poll(async () => (await keys()).some((key) => key.startsWith(id))).toBe(true)
}

/** Puts a package into the DHT without an announcement and disconnects, so that only the relay’s DHT has it. */
const putIntoDht = async (relay: string): Promise<string> => {
  const publisher = await startHostileNode({ listen: false })
  await publisher.joinRelay(relay)
  const { identity, head } = await (await createForger('publisher')).release('looked-up', '1.0.0')
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

test('lookups are answered by the DHT, then hot or warm, and cold after a reload or by the next leader', async ({
  join,
  relay,
}) => {
  const id = await putIntoDht(relay.relay)

  const { page, context } = await join()
  await expect.poll(() => tierOf(page, id), { timeout: 60_000, intervals: [500] }).toBe('dht')
  expect(await tierOf(page, id)).toBe('hot')
  const line = page.getByText('sent to other peers')
  await page.getByRole('link', { name: 'Network', exact: true }).click()
  await expect(line).toBeVisible()

  // More than fit into the hot tier.
  const answers = await page.evaluate(async () => {
    const manifest = (n: number) => new TextEncoder().encode(`[package]\nname = "own-${n}"\nversion = "1.0.0"\n`)
    const own = Array.from({ length: 101 }, (_, n) => [{ path: 'package.toml', bytes: manifest(n) }])
    const published = await Promise.all(own.map((files) => window.ggen.publish(files)))
    const seen = new Set<string>()
    for (const { id } of published.reverse()) seen.add((await window.ggen.lookup(id)).from)
    return [...seen].sort()
  })
  expect(answers).toEqual(['hot', 'warm'])
  const counted = await metrics(page)
  expect(counted['cache_hits_total{tier="warm"}']).toBeGreaterThan(0)
  expect(counted['cache_hits_total{tier="catalogue"}']).toBe(0)

  await stored(page, id)
  await page.reload()
  await engineUp(page)
  expect(await tierOf(page, id)).toBe('cold')
  expect(await tierOf(page, id)).toBe('hot')
  expect(await metrics(page)).toMatchObject({
    'cache_hits_total{tier="hot"}': 1,
    'cache_hits_total{tier="cold"}': 1,
    cache_misses_total: 0,
    cache_hit_rate: 1,
    dht_lookups_total: 0,
  })

  // A follower uses the same engine; when it leads, its engine starts with the stored entries.
  const follower = await openPeer(context, `${relay.page}/`)
  expect(await tierOf(follower.page, id)).toBe('hot')
  await page.close()
  expect(await tierOf(follower.page, id)).toBe('cold')
})

test('a hidden tab flushes its write-behind at once', async ({ join }) => {
  const { page } = await join()
  // Disables the write-behind, whose timer never fires.
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
