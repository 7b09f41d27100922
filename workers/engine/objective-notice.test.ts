import { afterEach, expect, test } from 'vitest'
import type { Update } from '../contract/updates.ts'
import { createEngineNetwork, eventually } from '../testing/network.ts'

const network = createEngineNetwork({ seed: 11 })
/** Links so long that a peer needs 900 ms to answer. */
const slowNetwork = createEngineNetwork({ seed: 12, conditions: { delayMs: 450, jitterMs: 10 } })
afterEach(async () => {
  await network.stopAll()
  await slowNetwork.stopAll()
})

const isBreachOf =
  (objective: string) =>
  (update: Update): boolean =>
    update.kind === 'notice' && update.reason.code === 'objective-breached' && update.reason.objective === objective

test('an engine whose cache misses too often sends one notice', async ({ signal }) => {
  const peer = await network.start('alone')
  const { publisherId } = peer
  for (let missed = 0; missed < 100; missed += 1) await peer.lookup(`${publisherId}/none-${missed}`).catch(() => {})
  const [cache] = (await peer.objectives()).filter(({ name }) => name === 'cache_hit_rate')
  expect(cache).toMatchObject({ state: 'breached', value: 0, count: 100, unit: 'ratio', burnRate: expect.closeTo(5) })
  await eventually('the breach is reported', () => peer.updates.some(isBreachOf('cache_hit_rate')), signal)
  expect(peer.updates.filter(isBreachOf('cache_hit_rate'))).toEqual([
    {
      kind: 'notice',
      id: 'objective:cache_hit_rate',
      level: 'warning',
      name: 'ObjectiveBreached',
      reason: { code: 'objective-breached', objective: 'cache_hit_rate', value: 0, alert: 0.7 },
    },
  ])
})

test('an engine whose peers are slow to answer DHT lookups sends one notice', async ({ signal }) => {
  const [asking, answering] = [await slowNetwork.start('asking'), await slowNetwork.start('answering')]
  await asking.meet(answering)
  await eventually('the peer is identified', async () => (await asking.status()).searchablePeers > 0, signal)
  let count = 0
  const lookUp = (): Promise<unknown> => {
    count += 1
    return asking.lookup(`${answering.publisherId}/none-${count}`)
  }
  // Until the DHT knows the peer, there is nobody to ask, and lookups end at once.
  const isReported = async (): Promise<boolean> => {
    await Promise.all(Array.from({ length: 20 }, lookUp))
    return asking.updates.some(isBreachOf('dht_lookup_p95'))
  }
  await eventually('the breach is reported', isReported, signal)
  const notices = asking.updates.filter(isBreachOf('dht_lookup_p95'))
  expect(notices).toMatchObject([{ id: 'objective:dht_lookup_p95', reason: { alert: 800 } }])
  const [objective] = (await asking.objectives()).filter(({ name }) => name === 'dht_lookup_p95')
  expect(objective).toMatchObject({ state: 'breached', unit: 'ms', target: 500 })
  expect(objective?.burnRate).toBeGreaterThan(1)
})
