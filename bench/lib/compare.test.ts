import { expect, test } from 'vitest'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import { compare, pairedRatios, toComparable } from './compare.ts'
import type { Figure } from './measurement.ts'

const here = { sameMachine: true }

/** Typical times of a benchmark: a minimum, a spread of about 20 %, and a long tail. */
const noise = (seed: number, n: number, factor = 1): number[] => {
  const random = createSeededRandom(seed)
  return Array.from({ length: n }, () => factor * (10 + 2 * random() + (random() < 0.05 ? 20 * random() : 0)))
}

const timed = (samples: number[], more: Partial<Figure> = {}): Figure => ({
  scenario: 'work',
  unit: 'ms',
  samples,
  ...more,
})

/** The verdict on the medians. */
const kindOf = (before: Figure, after: Figure, options = here): string => {
  const verdict = compare(toComparable(before), toComparable(after), options)
  if (verdict.kind !== 'judged') return verdict.kind
  if (verdict.worse.includes('p50')) return 'regressed'
  if (verdict.better.includes('p50')) return 'better'
  return verdict.undecided.includes('p50') ? 'too few' : 'steady'
}

test('samples that are 15 % slower are a regression at any sufficient number', () => {
  for (const n of [20, 50, 200, 5_000])
    for (let seed = 1; seed <= 20; seed++)
      expect(kindOf(timed(noise(seed, n)), timed(noise(1_000 + seed, n, 1.15))), `n ${n}, seed ${seed}`).toBe(
        'regressed',
      )
})

test('15 % less speed is a regression, and 15 % more an improvement', () => {
  const speed = (seed: number, factor: number): Figure => timed(noise(seed, 50, factor), { unit: 'MB/s' })
  expect(kindOf(speed(1, 1), speed(2, 0.85))).toBe('regressed')
  expect(kindOf(speed(1, 1), speed(2, 1.15))).toBe('better')
  expect(kindOf(timed(noise(1, 50)), timed(noise(2, 50, 0.85)))).toBe('better')
})

test('with a wide spread, chance looks like a regression in less than 2 % of runs', () => {
  const wild = (seed: number): Figure => {
    const random = createSeededRandom(seed)
    return timed(Array.from({ length: 10 }, () => 1 + 9 * random()))
  }
  const trials = 2_000
  let regressed = 0
  for (let seed = 0; seed < trials; seed++)
    if (kindOf(wild(2 * seed), wild(2 * seed + 1)) === 'regressed') regressed += 1
  expect(regressed).toBeGreaterThan(0)
  expect(regressed).toBeLessThan(38)
})

test('a real but small difference is not a regression', () => {
  expect(kindOf(timed(noise(1, 5_000)), timed(noise(2, 5_000, 1.05)))).toBe('steady')
})

test('with a reference in the same run, the ratio counts', () => {
  const run = (seed: number, ours: number, machine: number): Figure => {
    const reference = noise(seed + 1, 40, machine)
    const samples = noise(seed, 40, ours * machine)
    return timed(samples, { against: { name: 'reference', unit: 'ms', p50: 0, p95: 0, p99: 0, samples: reference } })
  }
  // A machine with half the speed.
  expect(kindOf(run(1, 1, 1), run(3, 1, 2), { sameMachine: false })).toBe('steady')
  expect(kindOf(run(1, 1, 1), run(3, 1.15, 2), { sameMachine: false })).toBe('regressed')
})

test('no sample of a reference counts twice', () => {
  expect(pairedRatios([2, 4, 6], [2, 2, 2])).toEqual([1, 2, 3])
  expect(pairedRatios([1, 2, 3, 10, 20, 30], [1, 10])).toEqual([2, 2])
  expect(pairedRatios([2, 20], [1, 1, 1, 10, 10, 10])).toEqual([2, 2])
  expect(pairedRatios([], [1])).toEqual([])
})

test('times of another machine are not judged, but bytes are', () => {
  const elsewhere = { sameMachine: false }
  expect(kindOf(timed(noise(1, 50)), timed(noise(2, 50, 3)), elsewhere)).toBe('other machine')
  expect(kindOf(timed(noise(1, 50), { unit: 'B' }), timed(noise(2, 50, 3), { unit: 'B' }), elsewhere)).toBe('regressed')
})

test('incomparable figures are reported as such', () => {
  expect(kindOf(timed([1, 1, 1]), timed([9, 9, 9]))).toBe('too few')
  expect(kindOf(timed([1, 1, 1], { exact: true }), timed([9, 9, 9], { exact: true }))).toBe('regressed')
  expect(kindOf(timed([]), timed([1]))).toBe('no baseline')
  expect(kindOf(timed([Number.NaN]), timed([1]))).toBe('no baseline')
  expect(kindOf(timed(noise(1, 9)), timed(noise(1, 9), { unit: 's' }))).toBe('no baseline')
  expect(kindOf(timed(new Array(9).fill(0)), timed(new Array(9).fill(0)))).toBe('steady')
  expect(kindOf(timed(new Array(9).fill(0)), timed(new Array(9).fill(5)))).toBe('regressed')
})

test('a baseline keeps blocks of four digits in the order of their samples', () => {
  const { blocks } = toComparable(timed([1.23456, 1, Number.NaN, 3]))
  expect(blocks).toEqual({ p50: [1.235, 1, 3], p95: [3], p99: [3] })
})
