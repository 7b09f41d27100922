import { expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'

test('counts, and tells the median of the latest durations', () => {
  const metrics = createMetrics()
  expect(metrics.view()).toMatchObject({ gossip_messages_sent: 0, gossip_messages_received: 0 })
  expect(metrics.view()).not.toHaveProperty('gossip_propagation_time')
  metrics.count('gossip_messages_sent')
  metrics.count('gossip_messages_received', 3)
  for (const ms of [30, 10, 20]) metrics.observe('gossip_propagation_time', ms)
  expect(metrics.view()).toMatchObject({
    gossip_messages_sent: 1,
    gossip_messages_received: 3,
    gossip_propagation_time: 20,
  })
  for (let n = 0; n < 100; n += 1) metrics.observe('gossip_propagation_time', 500)
  expect(metrics.view()).toMatchObject({ gossip_propagation_time: 500 })
})
