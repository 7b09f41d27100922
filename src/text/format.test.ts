import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { counts } from './counts.ts'
import {
  formatAgo,
  formatBytes,
  formatDate,
  formatDateTime,
  formatDuration,
  formatList,
  formatSpan,
  isKnownTime,
} from './format.ts'
import { formatCount, formatPercent } from './numbers.ts'

test('sizes', () => {
  const sizes = [0, 1, 999, 1000, 1500, 9949, 9999, 12_345, 999_499, 999_999, 1_000_000, 100_000_000, 2.5e12]
  expect(sizes.map(formatBytes)).toEqual([
    '0 B',
    '1 B',
    '999 B',
    '1 kB',
    '1.5 kB',
    '9.9 kB',
    '10 kB',
    '12 kB',
    '999 kB',
    '1 MB',
    '1 MB',
    '100 MB',
    '2.5 TB',
  ])
})

test('counts', () => {
  expect([0, 1, 1204].map(counts.peers)).toEqual(['0 peers', '1 peer', '1,204 peers'])
})

test('shares', () => {
  expect([-1, 0, 0.005, 0.874, 1, 2].map(formatPercent)).toEqual(['0%', '0%', '1%', '87%', '100%', '100%'])
})

test('durations', () => {
  expect([0, 0.34, 9.96, 41.6, 1840].map(formatDuration)).toEqual(['0.1 ms', '0.3 ms', '10 ms', '42 ms', '1.8 s'])
})

describe('times', () => {
  const now = Date.UTC(2026, 0, 31, 12)
  test('are relative when recent', () => {
    const ages = [-5000, 0, 59_000, 60_000, 7_200_000, 86_400_000, 10 * 86_400_000]
    expect(ages.map((age) => formatAgo(now - age, now))).toEqual([
      'just now',
      'just now',
      'just now',
      '1 minute ago',
      '2 hours ago',
      'yesterday',
      '10 days ago',
    ])
  })
  test('are dates after that', () => {
    expect(formatAgo(Date.UTC(2025, 10, 2, 12), now)).toBe('2 Nov 2025')
  })
})

test('lists', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(formatList)).toEqual(['', 'a', 'a and b', 'a, b and c'])
})

test('spans use their largest unit', () => {
  const hour = 3_600_000
  expect([0, 300_000, 3 * hour, -3 * hour, 24 * hour, 36 * hour, 3 * 365 * 24 * hour].map(formatSpan)).toEqual([
    '0 minutes',
    '5 minutes',
    '3 hours',
    '3 hours',
    '24 hours',
    '2 days',
    '3 years',
  ])
})

describe('any number', () => {
  const edges = [8.64e15, 8.64e15 + 1, 9e15, -1, -0, Number.MAX_VALUE, Number.MIN_VALUE, 253_402_300_800_000]
  const anyNumber = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.constantFrom(...edges))

  test('yields a text without NaN or Infinity', () => {
    fc.assert(
      fc.property(anyNumber, anyNumber, (one, other) => {
        const texts = [
          ...[formatCount, formatPercent, formatBytes, formatDuration, formatDate, formatDateTime, formatSpan],
          (value: number) => formatAgo(value, other),
          counts.peers,
        ].map((format) => format(one))
        for (const text of texts) {
          expect(text).not.toBe('')
          expect(text).not.toMatch(/NaN|Infinity|∞|Invalid|undefined/)
        }
      }),
      { seed: 10, numRuns: 3_000 },
    )
  })

  test('an impossible time is unknown', () => {
    for (const time of [...edges.filter((each) => each > 8e15 || each <= 0), 0, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect([formatAgo(time, 1e12), formatDate(time), formatDateTime(time)]).toEqual(Array(3).fill('date unknown'))
      expect(isKnownTime(time)).toBe(false)
    }
  })
})
