import { expect, test } from 'vitest'
import { relayedBytes, relayedContentBytes, relayedDurationMs } from '../stack/limits.ts'
import { hasBudget } from './relayed-budget.ts'

const relayed = (bytes: number) => ({ limits: { bytes: BigInt(bytes) } })

test('a fresh relayed connection carries the largest package that is fetched so, and one that carried some does not', () => {
  expect(hasBudget(relayed(relayedBytes), 0, relayedContentBytes)).toBe(true)
  expect(hasBudget(relayed(relayedBytes / 2), 0, relayedContentBytes)).toBe(false)
  expect(hasBudget(relayed(relayedBytes / 2), 0, 1_000_000)).toBe(true)
})

test('one that will end soon carries nothing more', () => {
  expect(hasBudget(relayed(relayedBytes), relayedDurationMs - 30_000, 0)).toBe(false)
  expect(hasBudget(relayed(1_000), 0, 0)).toBe(false)
})

test('a relay that sets no limit of bytes sets none', () => {
  expect(hasBudget({ limits: {} }, 0, 1_000_000_000)).toBe(true)
})
