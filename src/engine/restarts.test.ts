import { expect, test } from 'vitest'
import { createRestarts } from './restarts.ts'

test('consecutive restarts wait longer each time, and end', () => {
  const restarts = createRestarts()
  expect([0, 10_000, 30_000, 60_000, 90_000].map((at) => restarts.next(at))).toEqual([
    0,
    5_000,
    20_000,
    undefined,
    undefined,
  ])
})

test('an engine with a long uptime has recovered', () => {
  const restarts = createRestarts()
  for (let n = 0; n < 100; n += 1) expect(restarts.next(n * 600_000)).toBe(0)
})
