import { makePackage } from '../../e2e/fixtures/packages.ts'
import { engineUp } from '../../e2e/fixtures/peer.ts'
import { createCacheMemory } from '../../workers/cache/cache-memory.ts'
import { offline } from '../../workers/engine/network-concerns.ts'
import { createPackageCache } from '../../workers/engine/package-cache.ts'
import { packageId } from '../../workers/protocol/ids.ts'
import { createRegistry } from '../../workers/registry/registry.ts'
import { webCrypto } from '../../workers/stack/web-crypto.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { untraced } from '../../workers/telemetry/operation.ts'
import { createHistory, createTestPublisher, toEntry } from '../../workers/testing/test-publisher.ts'
import { withStage } from '../lib/browsers.ts'
import type { Figure } from '../lib/measurement.ts'

/** What a lookup costs as the engine does it: signed records, the registry, the last word of the catalogue. */

/** As many as are hot. */
const hotPackages = 100
const hotLookups = 20_000

/** In a tab: more than are hot, so that some are warm. */
const tabPackages = 200
const tabHotLookups = 2_000
const tabMisses = 100
const callers = 100

/** In this process, whose clock is finer than that of a page. */
export const measureHotLookups = async (): Promise<number[]> => {
  const publisher = await createTestPublisher(1)
  const store = createMemoryStore()
  const registry = createRegistry({ store, crypto: webCrypto, onChange() {} })
  const slugs = Array.from({ length: hotPackages }, (_, n) => `package-${n}`)
  const histories = await Promise.all(slugs.map((slug) => createHistory(publisher, slug, ['1.1.0', '1.0.0'])))
  await registry.ingest(histories.flat().map(toEntry), { from: 'bench' })
  const lookups = createPackageCache({
    store,
    registry,
    network: { ...offline, started: Promise.resolve(false) },
    memory: createCacheMemory({ kinds: ['package'], now: Date.now }),
    latest: Date.now,
    monotonic: () => performance.now(),
  })
  const ids = slugs.map((slug) => packageId(publisher.identity.publisherId, slug))
  const samples: number[] = []
  for (let n = 0; n < 2 * hotLookups; n += 1) {
    const id = ids[n % ids.length] ?? ''
    const before = performance.now()
    const { from } = await lookups.find(id, untraced())
    const took = performance.now() - before
    if (n < hotLookups) continue
    if (from !== 'hot') throw new Error(`${id} was ${from}`)
    samples.push(took)
  }
  await lookups.stop()
  return samples
}

/** From the page: `window.ggen.lookup` of a real tab over its relay. A page's clock has steps of 0.1 ms. */
export const measureInTab = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withStage<Figure>(async function* ({ open }) {
    log(`lookups from the page of a real tab, of ${tabPackages} packages of somebody who is gone`)
    const { page, status } = await open()
    const publisher = await open()
    const ids: string[] = []
    for (let n = 0; n < tabPackages; n += 1) {
      ids.push((await publisher.publish(makePackage(`bench-${n}`, '1.0.0').files)).id)
    }
    while ((await status()).catalogueSize < tabPackages) await page.waitForTimeout(50)
    await publisher.context.close()
    // A peer that leaves is work, too.
    while ((await status()).directConnections > 0) await page.waitForTimeout(50)

    /** Ms by where the answer came from, one lookup after the other. */
    const time = (asked: string[]): Promise<Record<string, number[]>> =>
      page.evaluate(async (asked) => {
        const samples: Record<string, number[]> = {}
        for (const id of asked) {
          const before = performance.now()
          const { from } = await window.ggen.lookup(id)
          const took = performance.now() - before
          samples[from] = [...(samples[from] ?? []), took]
        }
        return samples
      }, asked)
    const connected = async (): Promise<void> => {
      while (!(await status()).online) await page.waitForTimeout(50)
    }

    const [first = ''] = ids
    // The catalogue answers once, then the cache does.
    await time(ids)
    await time([first])
    const { hot = [] } = await time(new Array(tabHotLookups).fill(first))
    yield { scenario: 'hot lookup, real tab, from the page', unit: 'ms', samples: hot, target: 1, targetAt: 'p99' }
    // The last that came are hot; the first are asked for last.
    const { warm = [] } = await time(ids.toReversed())
    yield { scenario: 'warm lookup, real tab, from the page', unit: 'ms', samples: warm }

    await connected()
    const missing = Array.from({ length: tabMisses }, (_, n) => `${first}-missing-${n}`)
    const { none = [] } = await time(missing)
    yield { scenario: 'lookup of nothing, one relay asked, from the page', unit: 'ms', samples: none }
    const walks = await page.evaluate(
      async ({ id, callers }) => {
        const walks = async (): Promise<number> => (await window.ggen.metrics())['dht_lookups_total'] ?? Number.NaN
        const before = await walks()
        await Promise.all(Array.from({ length: callers }, () => window.ggen.lookup(id)))
        return (await walks()) - before
      },
      { id: `${first}-together`, callers },
    )
    yield { scenario: `walks for ${callers} callers of one missing id`, unit: 'n', samples: [walks], target: 1 }

    await stored(page, tabPackages)
    const [starting, settled]: [number[], number[]] = [[], []]
    const firsts: number[] = []
    const half = tabPackages / 2
    // Twice, so that each is asked for once while the tab starts, and once when it has.
    for (const asked of [ids, [...ids.slice(half), ...ids.slice(0, half)]]) {
      await page.reload()
      await engineUp(page)
      const { cold: [firstCold = Number.NaN, ...cold] = [], ...early } = await time(asked.slice(0, half))
      firsts.push(firstCold)
      starting.push(...cold)
      await connected()
      const { cold: later = [], ...late } = await time(asked.slice(half))
      settled.push(...later)
      for (const others of [early, late]) {
        if (Object.keys(others).length > 0) log(`not cold after the reload: ${JSON.stringify(others)}`)
      }
    }
    yield { scenario: 'first cold lookup after a reload, from the page', unit: 'ms', samples: firsts }
    yield { scenario: 'cold lookup while the tab starts, from the page', unit: 'ms', samples: starting }
    yield {
      scenario: 'cold lookup, real tab, from the page',
      unit: 'ms',
      samples: settled,
      target: 10,
      targetAt: 'p99',
    }
  })
}

type Tab = Parameters<typeof engineUp>[0]

/** Until the write that comes behind has reached IndexedDB. */
const stored = async (page: Tab, entries: number): Promise<void> => {
  const count = (): Promise<number> =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          const opening = indexedDB.open('ggen-default')
          opening.onsuccess = () => {
            const asking = opening.result.transaction('cache').objectStore('cache').count()
            asking.onsuccess = () => {
              opening.result.close()
              resolve(asking.result)
            }
          }
        }),
    )
  while ((await count()) < entries) await page.waitForTimeout(50)
}
