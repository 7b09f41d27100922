import { createColdTier, type StoredColdTier } from '../../workers/cache/cold-tier.ts'
import { defaultCacheLimits } from '../../workers/cache/limits.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { sampleLag } from '../lib/event-loop.ts'
import type { Figure } from '../lib/measurement.ts'
import { keyOf, valueCodec, valueFor } from './values.ts'

const rounds = 10
const { coldEntries, coldMs } = defaultCacheLimits

/** Longest time for which cleaning up may occupy the thread (ms). */
const blockTargetMs = 50

/** Entries of one batch that arrive while the tier is full. */
const evicting = 128

/** What the cold tier costs when it cleans up: all entries expired since the last session, or full while more arrive. */
export const measureCleanUp = async function* (): AsyncGenerator<Figure> {
  const values = Array.from({ length: coldEntries }, (_, n) => valueCodec.encode(valueFor(n)))
  const expired: number[] = []
  const blocks: number[] = []
  const evicted: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const store = createMemoryStore()
    let clock = Date.now()
    const openTier = (): StoredColdTier =>
      createColdTier({ store, table: 'cache', limits: defaultCacheLimits, now: () => clock })

    const full = openTier()
    for (const [n, value] of values.entries()) {
      full.put(keyOf(n), value, clock)
      if (n % 1_000 === 0) await full.flush()
    }
    await full.flush()
    for (let n = 0; n < evicting; n += 1) full.put(keyOf(coldEntries + n), values[n] as Uint8Array, clock)
    const began = performance.now()
    await full.flush()
    evicted.push(performance.now() - began)
    if (full.stats().evictions === 0) throw new Error('Nothing was evicted.')
    await full.stop()

    clock += coldMs + 1
    const later = openTier()
    const lag = sampleLag()
    const started = performance.now()
    await later.read('any')
    await later.flush()
    expired.push(performance.now() - started)
    await new Promise((resolve) => setTimeout(resolve, 20))
    blocks.push(Math.max(...lag()))
    if ((await store.keys('cache')).length > 0) throw new Error('Expired entries are left.')
    await later.stop()
  }
  yield { scenario: `clean-up of ${coldEntries} expired entries`, unit: 'ms', samples: expired }
  yield {
    scenario: `clean-up of ${coldEntries} expired entries: longest block`,
    unit: 'ms',
    samples: blocks,
    target: blockTargetMs,
    targetAt: 'p95',
  }
  yield {
    scenario: `write of ${evicting} into a full tier, which evicts as many`,
    unit: 'ms',
    samples: evicted,
    target: blockTargetMs,
    targetAt: 'p95',
  }
}
