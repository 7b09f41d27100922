import { expect, test } from 'vitest'
import { relayedBytes, relayedDurationMs } from '../stack/limits.ts'
import { createRelayedQuota } from './relayed-quota.ts'

test('each peer has its own quota, which renews after the lifetime of a relayed connection', () => {
  let ms = 0
  const quota = createRelayedQuota(() => ms)
  for (let n = 0; n < 4; n += 1) {
    expect(quota.hasQuota('a')).toBe(true)
    quota.sent('a', relayedBytes)
  }
  expect([quota.hasQuota('a'), quota.hasQuota('b')]).toEqual([false, true])
  ms += relayedDurationMs
  expect(quota.hasQuota('a')).toBe(true)
})

test('bounds the number of tracked peers', () => {
  const quota = createRelayedQuota(() => 0)
  for (let n = 0; n < 1_000; n += 1) quota.sent(`p${n}`, 4 * relayedBytes)
  const tracked = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => !quota.hasQuota(`p${n}`))
  expect(tracked).toHaveLength(256)
})
