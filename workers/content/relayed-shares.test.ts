import { expect, test } from 'vitest'
import { relayedBytes, relayedDurationMs } from '../stack/limits.ts'
import { createRelayedShares } from './relayed-shares.ts'

test('a peer has its share, others have theirs, and it has another one later', () => {
  let ms = 0
  const shares = createRelayedShares(() => ms)
  for (let n = 0; n < 4; n += 1) {
    expect(shares.hasLeft('a')).toBe(true)
    shares.sent('a', relayedBytes)
  }
  expect([shares.hasLeft('a'), shares.hasLeft('b')]).toEqual([false, true])
  ms += relayedDurationMs
  expect(shares.hasLeft('a')).toBe(true)
})

test('peers without end are not remembered without end', () => {
  const shares = createRelayedShares(() => 0)
  for (let n = 0; n < 1_000; n += 1) shares.sent(`p${n}`, 4 * relayedBytes)
  const remembered = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => !shares.hasLeft(`p${n}`))
  expect(remembered).toHaveLength(256)
})
