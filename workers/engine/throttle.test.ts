import { expect, test } from 'vitest'
import { throttle } from './throttle.ts'

test('the first call at once, then one in each stretch of time', () => {
  const told: number[] = []
  let now = 0
  const tell = throttle(
    100,
    (bytes: number) => told.push(bytes),
    () => now,
  )
  for (; now < 300; now += 10) tell(now)
  expect(told).toEqual([0, 100, 200])
})
