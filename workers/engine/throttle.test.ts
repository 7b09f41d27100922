import { expect, test } from 'vitest'
import { throttle } from './throttle.ts'

test('the first call at once, then one in each stretch of time', () => {
  const reported: number[] = []
  let now = 0
  const tell = throttle(
    100,
    (bytes: number) => reported.push(bytes),
    () => now,
  )
  for (; now < 300; now += 10) tell(now)
  expect(reported).toEqual([0, 100, 200])
})
