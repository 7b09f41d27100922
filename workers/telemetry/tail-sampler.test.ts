import { expect, test } from 'vitest'
import { createTokenBucket } from '../stack/token-bucket.ts'
import type { EndedTrace } from './span-recorder.ts'
import { createTailSampler, slowTraceMs } from './tail-sampler.ts'

const traceOf = (name: string, { durationMs = 1, hasFailed = false, isExported = false } = {}): EndedTrace => ({
  name,
  durationMs,
  hasFailed,
  isExported,
  spanCount: 1,
})

const compose = () => {
  const clock = { ms: 0 }
  const keeps = createTailSampler((rate) => createTokenBucket(rate, () => clock.ms).tryTake)
  const kept = (count: number, trace: EndedTrace): number =>
    Array.from({ length: count }, () => keeps(trace)).filter(Boolean).length
  return { clock, kept }
}

test('a burst of a name is kept, then 20 a second', () => {
  const { clock, kept } = compose()
  expect(kept(1_000, traceOf('search'))).toBe(100)
  clock.ms += 1_000
  expect(kept(1_000, traceOf('search'))).toBe(20)
  clock.ms += 3_600_000
  expect(kept(1_000, traceOf('search'))).toBe(100)
})

test('a name does not use up what others may keep', () => {
  const { kept } = compose()
  kept(1_000, traceOf('gossip_receive'))
  expect(kept(1, traceOf('sync'))).toBe(1)
})

test.each([
  ['slow', { durationMs: slowTraceMs }],
  ['failed', { hasFailed: true }],
  ['exported', { isExported: true }],
])('%s ones are kept beyond that, up to a limit of their own', (_, about) => {
  const { kept } = compose()
  expect(kept(1_000, traceOf('search'))).toBe(100)
  expect(kept(1_000, traceOf('search', about))).toBe(200)
})

test('any number of names takes bounded memory', () => {
  const { kept } = compose()
  let total = 0
  for (let n = 0; n < 10_000; n += 1) total += kept(1, traceOf(`name ${n}`))
  // A hundred names and the rest together.
  expect(total).toBe(100 + 100)
})

test('a clock that goes back or stands still keeps the limits', () => {
  const { clock, kept } = compose()
  kept(1_000, traceOf('search'))
  for (const ms of [-1_000_000, -1_000_000, 0]) {
    clock.ms = ms
    expect(kept(10, traceOf('search'))).toBe(0)
  }
  clock.ms = 1_000
  expect(kept(1_000, traceOf('search'))).toBe(20)
})
