import { afterEach, expect, test } from 'vitest'
import type { Update } from '../contract/updates.ts'
import { createEngineNetwork, eventually } from '../testing/network.ts'

const network = createEngineNetwork({ seed: 11 })
afterEach(network.stopAll)

const isBreach = (update: Update): boolean => update.kind === 'notice' && update.reason.code === 'objective-breached'

test('an engine whose cache misses too often sends one notice', async ({ signal }) => {
  const peer = await network.start('alone')
  const { publisherId } = peer
  for (let missed = 0; missed < 100; missed += 1) await peer.lookup(`${publisherId}/none-${missed}`).catch(() => {})
  const [cache] = (await peer.objectives()).filter(({ name }) => name === 'cache_hit_rate')
  expect(cache).toMatchObject({ state: 'breached', value: 0, count: 100, unit: 'ratio', burnRate: expect.closeTo(5) })
  await eventually('the breach is reported', () => peer.updates.some(isBreach), signal)
  expect(peer.updates.filter(isBreach)).toEqual([
    {
      kind: 'notice',
      id: 'objective:cache_hit_rate',
      level: 'warning',
      name: 'ObjectiveBreached',
      reason: { code: 'objective-breached', objective: 'cache_hit_rate', value: 0, alert: 0.7 },
    },
  ])
})
