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

/** The cost of lookups as the engine performs them: signed records, the registry, and the catalogue as final authority. */

/** Capacity of the hot tier. */
const hotPackages = 100
const hotLookups = 20_000

/** Packages in a tab: more than fit into the hot tier, so that some are warm. */
const tabPackages = 200
const tabHotLookups = 2_000
const tabMisses = 100
const callers = 100

/** Measures in this process, whose clock is finer than a page's. */
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

/** Measures `window.ggen.lookup` in the page of a real tab with a relay. The clock of a page has steps of 0.1 ms. */
export const measureInTab = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* withStage<Figure>(async function* ({ open }) {
    log(`lookups from the page of a real tab, ${tabPackages} packages whose publisher has left`)
    const { page, status } = await open()
    const publisher = await open()
    const ids: string[] = []
    for (let n = 0; n < tabPackages; n += 1) {
      ids.push((await publisher.publish(makePackage(`bench-${n}`, '1.0.0').files)).id)
    }
    while ((await status()).catalogueSize < tabPackages) await page.waitForTimeout(50)
    await publisher.context.close()
    // The departure of a peer costs time too.
    while ((await status()).directConnections > 0) await page.waitForTimeout(50)

    /** Durations of sequential lookups (ms) by the tier that answered. */
    const time = (ids: string[]): Promise<Record<string, number[]>> =>
      page.evaluate(async (ids) => {
        const samples: Record<string, number[]> = {}
        for (const id of ids) {
          const before = performance.now()
          const { from } = await window.ggen.lookup(id)
          const took = performance.now() - before
          samples[from] = [...(samples[from] ?? []), took]
        }
        return samples
      }, ids)
    const connected = async (): Promise<void> => {
      while (!(await status()).online) await page.waitForTimeout(50)
    }

    const [first = ''] = ids
    // The catalogue answers the first lookup, the cache the following ones.
    await time(ids)
    await time([first])
    const { hot = [] } = await time(new Array(tabHotLookups).fill(first))
    yield { scenario: 'hot lookup, real tab, from the page', unit: 'ms', samples: hot, target: 1, targetAt: 'p99' }
    // The last ids are hot, so the reverse order evicts the first ones before their lookup.
    const { warm = [] } = await time(ids.toReversed())
    yield { scenario: 'warm lookup, real tab, from the page', unit: 'ms', samples: warm }

    await connected()
    const missing = Array.from({ length: tabMisses }, (_, n) => `${first}-missing-${n}`)
    const { none = [] } = await time(missing)
    yield { scenario: 'lookup of nothing, one relay asked, from the page', unit: 'ms', samples: none }
    const dhtLookups = await page.evaluate(
      async ({ id, callers }) => {
        const total = async (): Promise<number> => (await window.ggen.metrics())['dht_lookups_total'] ?? Number.NaN
        const before = await total()
        await Promise.all(Array.from({ length: callers }, () => window.ggen.lookup(id)))
        return (await total()) - before
      },
      { id: `${first}-together`, callers },
    )
    yield { scenario: `walks for ${callers} callers of one missing id`, unit: 'n', samples: [dhtLookups], target: 1 }

    await stored(page, tabPackages)
    const [starting, settled]: [number[], number[]] = [[], []]
    const firsts: number[] = []
    const half = tabPackages / 2
    // Two rounds, so that each id is looked up once while the tab starts and once afterwards.
    for (const order of [ids, [...ids.slice(half), ...ids.slice(0, half)]]) {
      await page.reload()
      await engineUp(page)
      const { cold: [firstCold = Number.NaN, ...cold] = [], ...early } = await time(order.slice(0, half))
      firsts.push(firstCold)
      starting.push(...cold)
      await connected()
      const { cold: later = [], ...late } = await time(order.slice(half))
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

/** Waits until the write-behind has reached IndexedDB. */
const stored = async (page: Tab, entries: number): Promise<void> => {
  const count = (): Promise<number> =>
    page.evaluate(
      () =>
        new Promise((resolve) => {
          const opening = indexedDB.open('ggen-default')
          opening.onsuccess = () => {
            const request = opening.result.transaction('cache').objectStore('cache').count()
            request.onsuccess = () => {
              opening.result.close()
              resolve(request.result)
            }
          }
        }),
    )
  while ((await count()) < entries) await page.waitForTimeout(50)
}
