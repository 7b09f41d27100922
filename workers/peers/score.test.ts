import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scoreOf, unknownScore } from './score.ts'

const hourMs = 3_600_000
const now = 1_800_000_000_000

test('follows the formula of docs/protocol.md §10', () => {
  const rtt = fc.option(fc.double({ min: 0, max: 100_000, noNaN: true }), { nil: undefined })
  const hours = fc.option(fc.double({ min: 0, max: 1_000, noNaN: true }), { nil: undefined })
  const count = fc.double({ min: 0, max: 10_000, noNaN: true })
  fc.assert(
    fc.property(count, count, rtt, rtt, hours, (ok, failed, rttMs, kbitPerS, since) => {
      const lastSuccessAt = since === undefined ? undefined : now - since * hourMs
      const twin =
        0.4 * ((ok + 1) / (ok + failed + 2)) +
        0.3 * (1 / (1 + (rttMs ?? 1_000) / 100)) +
        0.2 * Math.min(1, (kbitPerS ?? 0) / 10_000) +
        0.1 * (since === undefined ? 0 : 1 / (1 + since))
      const { total, success, speed, bandwidth, recency } = scoreOf({ ok, failed, rttMs, kbitPerS, lastSuccessAt }, now)
      expect(total).toBeCloseTo(twin, 6)
      for (const part of [total, success, speed, bandwidth, recency]) {
        expect(part).toBeGreaterThanOrEqual(0)
        expect(part).toBeLessThanOrEqual(1)
      }
    }),
    { seed: 12, numRuns: 500 },
  )
})

test('matches examples calculated by hand', () => {
  expect(unknownScore).toBeCloseTo(0.4 / 2 + 0.3 / 11, 12)
  const good = { ok: 8, failed: 0, rttMs: 100, kbitPerS: 20_000, lastSuccessAt: now - hourMs }
  expect(scoreOf(good, now).total).toBeCloseTo(0.4 * 0.9 + 0.3 * 0.5 + 0.2 + 0.1 * 0.5, 12)
  // After setting the clock back, nothing is more recent than now.
  expect(scoreOf({ ...good, lastSuccessAt: now + 24 * hourMs }, now).recency).toBe(1)
})
