import { expect, test } from 'vitest'
import { relayedBytes, relayedContentBytes, relayedDurationMs } from '../stack/limits.ts'
import { hasBudget } from './relayed-budget.ts'

const relayed = (bytes: number) => ({ limits: { bytes: BigInt(bytes) } })

test('a fresh relayed connection carries the largest relayed package, and a used one does not', () => {
  expect(hasBudget(relayed(relayedBytes), 0, relayedContentBytes)).toBe(true)
  expect(hasBudget(relayed(relayedBytes / 2), 0, relayedContentBytes)).toBe(false)
  expect(hasBudget(relayed(relayedBytes / 2), 0, 1_000_000)).toBe(true)
})

test('a connection that will end soon carries nothing more', () => {
  expect(hasBudget(relayed(relayedBytes), relayedDurationMs - 30_000, 0)).toBe(false)
  expect(hasBudget(relayed(1_000), 0, 0)).toBe(false)
})

test('without a byte limit of the relay there is none', () => {
  expect(hasBudget({ limits: {} }, 0, 1_000_000_000)).toBe(true)
})
