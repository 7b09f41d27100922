import { expect, test } from 'vitest'
import { throttle } from './throttle.ts'

test('lets the first call through at once, then one per interval', () => {
  const reported: number[] = []
  let now = 0
  const report = throttle(
    100,
    (bytes: number) => reported.push(bytes),
    () => now,
  )
  for (; now < 300; now += 10) report(now)
  expect(reported).toEqual([0, 100, 200])
})
