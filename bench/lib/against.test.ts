import { expect, test } from 'vitest'
import { type Comparison, compareRuns, confirmedWorse, differenceToText, orderOf, type RunFigure } from './against.ts'

const run = (p50: number, tail = p50 * 2, higherIsBetter = false): RunFigure[] => [
  { scenario: 'work', higherIsBetter, unit: { p50, p95: tail, p99: tail * 2 } },
]

const before = [10, 10.4, 9.8, 10.2, 10.1].map((p50) => run(p50))

const differencesTo = (now: RunFigure[][]) => compareRuns(before, now).differences

test('runs of two checkouts alternate, and neither is always first', () => {
  expect(orderOf(3)).toEqual(['before', 'now', 'now', 'before', 'before', 'now'])
})

test('runs that are 15 % slower are worse, and runs of the same speed are not', () => {
  const [slower] = differencesTo([11.5, 11.8, 11.4, 11.7, 11.6].map((p50) => run(p50, 20)))
  expect(slower?.worse).toEqual(['p50'])
  const [same] = differencesTo([10.3, 9.9, 10.2, 10, 10.1].map((p50) => run(p50)))
  expect([same?.worse, same?.better]).toEqual([[], []])
})

test('a tail that alone grows by 30 % is worse', () => {
  const [difference] = differencesTo([10.1, 10.3, 9.9, 10.2, 10].map((p50) => run(p50, p50 * 2.6)))
  expect(difference?.worse).toEqual(['p95', 'p99'])
})

test('one slow run among five is chance', () => {
  const [difference] = differencesTo([10, 30, 9.9, 10.1, 10.2].map((p50) => run(p50)))
  expect(difference?.worse).toEqual([])
})

test('a lower speed is worse', () => {
  const speeds = (all: number[]) => all.map((p50) => run(p50, p50, true))
  const { differences } = compareRuns(speeds([20, 21, 20.5, 20.2, 20.8]), speeds([15, 14.8, 15.2, 15.1, 14.9]))
  expect(differences[0]?.worse).toEqual(['p50', 'p95', 'p99'])
})

test('too few runs are reported as too few', () => {
  const [difference] = compareRuns(before.slice(0, 2), [run(30), run(31)]).differences
  expect(difference && differenceToText(difference)).toContain('too few to decide')
})

test('a scenario that a run now lacks is missing, and a new one is not compared', () => {
  const other: RunFigure[] = run(10).map((figure) => ({ ...figure, scenario: 'other' }))
  expect(compareRuns(before, [run(10), [], run(10)])).toEqual({ differences: [], missing: ['work'] })
  expect(compareRuns(before, [[...run(10), ...other]]).differences.map(({ scenario }) => scenario)).toEqual(['work'])
})

test('only regressions that a second comparison finds are confirmed', async () => {
  const finding = (...worse: ('p50' | 'p99')[]): Comparison => ({
    differences: [{ scenario: 'work', times: { p50: 2, p95: 2, p99: 2 }, worse, better: [], undecided: [] }],
    missing: [],
  })
  const inSequence = (...comparisons: Comparison[]) => {
    const rest = [...comparisons]
    return async () => rest.shift() ?? Promise.reject(new Error('compared too often'))
  }
  expect(await confirmedWorse(inSequence(finding()))).toEqual([])
  expect(await confirmedWorse(inSequence(finding('p50', 'p99'), finding('p99')))).toEqual(['work (p99)'])
  expect(await confirmedWorse(inSequence(finding('p50'), finding()))).toEqual([])
})
