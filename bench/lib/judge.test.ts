import { expect, test } from 'vitest'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import { judge, toBlocks, toRunUnit } from './judge.ts'
import { probabilityOfHigher } from './rank-test.ts'

const times = { higherIsBetter: false }

/** Autocorrelated times of about 10 ms, as of a machine that is slow for a while. */
const drifting = (seed: number, n: number): number[] => {
  const random = createSeededRandom(seed)
  const kept = 0.98
  let deviation = 0
  return Array.from({ length: n }, () => {
    deviation = kept * deviation + (random() + random() + random() - 1.5) * Math.sqrt(1 - kept ** 2)
    return 10 * Math.exp(0.4 * deviation)
  })
}

/** Independent times of about 10 ms, a tenth of them `tail` times as long as the others. */
const withTail = (seed: number, n: number, tail: number): number[] => {
  const random = createSeededRandom(seed)
  return Array.from({ length: n }, () => (10 + 2 * random()) * (random() < 0.1 ? tail : 1))
}

test('blocks give no false alarm under autocorrelated noise, where samples as units give many', () => {
  const pairs = 200
  let alarms = 0
  let confirmed = 0
  let alarmsBySample = 0
  for (let seed = 0; seed < pairs; seed++) {
    const [before, now, again] = [1, 2, 3].map((run) => drifting(3 * seed + run, 2_000)) as [
      number[],
      number[],
      number[],
    ]
    const worseIn = (run: number[]) => judge(toBlocks(before, false), toBlocks(run, false), times).worse
    const first = worseIn(now)
    if (first.length > 0) alarms += 1
    if (worseIn(again).some((at) => first.includes(at))) confirmed += 1
    if (probabilityOfHigher(before, now) < 0.01) alarmsBySample += 1
  }
  expect(alarmsBySample).toBeGreaterThan(pairs / 5)
  // Three tests at one in two hundred each; a second run must confirm the rest.
  expect(alarms / pairs).toBeLessThan(0.05)
  expect(confirmed).toBe(0)
})

test('a tail that is 30 % slower is worse although the median is not', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const [before, now] = [withTail(seed, 5_000, 3), withTail(1_000 + seed, 5_000, 3.9)]
    expect(judge(toBlocks(before, false), toBlocks(now, false), times).worse, `seed ${seed}`).toEqual(['p95', 'p99'])
  }
})

test('the tail of a speed is its slow end', () => {
  const speeds = (tail: number) => withTail(7, 2_000, 1).map((speed, at) => (at % 10 === 0 ? speed / tail : speed))
  const judged = judge(toBlocks(speeds(3), true), toBlocks(speeds(4), true), { higherIsBetter: true })
  expect(judged.worse).toEqual(['p95', 'p99'])
  expect(judge(toBlocks(speeds(4), true), toBlocks(speeds(3), true), { higherIsBetter: true }).worse).toEqual([])
})

test('samples form at most ten blocks in their order', () => {
  const { p50, p95, p99 } = toBlocks(
    Array.from({ length: 1_000 }, (_, n) => n),
    false,
  )
  expect(p50).toEqual([49, 149, 249, 349, 449, 549, 649, 749, 849, 949])
  expect([p95.length, p99.length]).toEqual([10, 10])
  expect(p99[0]).toBe(98)
})

test('tails are judged only if each block has enough samples', () => {
  const blocks = toBlocks(withTail(1, 100, 3), false)
  expect([blocks.p50.length, blocks.p95.length, blocks.p99.length]).toEqual([10, 5, 1])
  expect(judge(blocks, blocks, times).undecided).toEqual(['p99'])
})

test('fewer than five units per side decide nothing, except for exact figures', () => {
  const [few, more] = [toBlocks([1, 1, 1, 1], false), toBlocks([9, 9, 9, 9], false)]
  expect(judge(few, more, times)).toMatchObject({ worse: [], undecided: ['p50', 'p95', 'p99'] })
  expect(judge(few, more, { ...times, exact: true }).worse).toContain('p50')
})

test('a run is one unit: its median and its tails', () => {
  const samples = Array.from({ length: 100 }, (_, n) => n + 1)
  expect(toRunUnit(samples, false)).toEqual({ p50: 50, p95: 95, p99: 99 })
  expect(toRunUnit(samples, true)).toEqual({ p50: 50, p95: 5, p99: 1 })
})
