import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createWorkerMonitor, monitorTickMs } from './worker-monitor.ts'

/** Ticks like the timer of a page until `stuck` or `toMs`; returns the time of `stuck`, or undefined. */
const run = (
  toMs: number,
  {
    hear,
    gap = () => monitorTickMs,
    begun = true,
  }: { hear: (at: number) => boolean; gap?: (n: number) => number; begun?: boolean },
): number | undefined => {
  const monitor = createWorkerMonitor()
  if (begun) monitor.heard()
  for (let at = 0, n = 0; at <= toMs; at += gap(n), n += 1) {
    if (monitor.tick(at) === 'stuck') return at
    if (hear(at)) monitor.heard()
  }
  return undefined
}

describe('a worker that', () => {
  test('answers is never stuck, however late', () => {
    expect(run(600_000, { hear: (at) => at % 4_500 === 0 })).toBeUndefined()
  })

  test('stops answering is stuck after five seconds', () => {
    const at = run(60_000, { hear: (at) => at < 20_000 })
    expect(at).toBeGreaterThanOrEqual(24_500)
    expect(at).toBeLessThanOrEqual(25_500)
  })

  test('has not answered yet may still be starting', () => {
    expect(run(600_000, { hear: () => false, begun: false })).toBeUndefined()
  })

  test('is silent while the page is asleep, paused or throttled is not stuck', () => {
    expect(run(3_600_000, { hear: () => false, gap: () => 60_000 })).toBeUndefined()
    expect(run(600_000, { hear: () => false, gap: (n) => (n % 5 === 4 ? 10_000 : monitorTickMs) })).toBeUndefined()
  })

  test('is silent in a hidden page, which ticks once a second, is stuck', () => {
    expect(run(60_000, { hear: () => false, gap: () => 1_000 })).toBe(5_000)
  })

  test('wakes from sleep has five seconds to answer', () => {
    const asleep = 20
    const heardAt = asleep * monitorTickMs + 3_600_000 + 4_000
    const gap = (n: number) => (n === asleep ? 3_600_000 : monitorTickMs)
    expect(run(heardAt + 3_000, { hear: (at) => at < asleep * monitorTickMs || at >= heardAt, gap })).toBeUndefined()
  })
})

test('never reports stuck before the page has run for five seconds without an answer', () => {
  const step = fc.record({ gap: fc.integer({ min: -1_000, max: 20_000 }), hear: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const monitor = createWorkerMonitor()
      monitor.heard()
      let at = 0
      let inTime = 0
      for (const { gap, hear } of steps) {
        at += gap
        inTime = gap > 1_700 || gap < 0 ? 0 : inTime + gap
        if (monitor.tick(at) === 'stuck') expect(inTime).toBeGreaterThanOrEqual(5_000)
        if (!hear) continue
        monitor.heard()
        inTime = 0
      }
    }),
  )
})
