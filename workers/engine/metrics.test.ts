import { expect, test } from 'vitest'
import { createInMemoryMeter } from '../telemetry/in-memory-meter.ts'
import { viewMetrics } from './metrics.ts'

test('shows counts since the start, and the median of the latest durations', () => {
  const { meter, reader } = createInMemoryMeter()
  expect(viewMetrics(reader)).toMatchObject({
    packages_published: 0,
    packages_installed: 0,
    gossip_messages_sent: 0,
    gossip_messages_received: 0,
    piece_bytes_received: 0,
    piece_bytes_sent: 0,
  })
  meter.createCounter('gossip_messages_sent').add(1)
  meter.createCounter('gossip_messages_received').add(3)
  const propagation = meter.createHistogram('gossip_propagation_time')
  for (const ms of [30, 10, 20]) propagation.record(ms)
  expect(viewMetrics(reader)).toMatchObject({
    gossip_messages_sent: 1,
    gossip_messages_received: 3,
    gossip_propagation_time: 20,
  })
  for (let n = 0; n < 100; n += 1) propagation.record(500)
  expect(viewMetrics(reader)).toMatchObject({ gossip_propagation_time: 500 })
})
