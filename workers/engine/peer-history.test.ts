import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createPeerHistory, historyStepMs } from './peer-history.ts'

const createHistory = (limits?: { rows?: number; peers?: number }) => {
  const clock = { time: 1_800_000_000_000 }
  const history = createPeerHistory({ now: () => clock.time, ...(limits === undefined ? {} : { limits }) })
  return {
    clock,
    of: history.of,
    sample(...peers: [peer: string, score: number, rttMs?: number][]) {
      clock.time += historyStepMs
      history.sample(peers.map(([peer, score, rttMs]) => ({ peer, score, rttMs })))
    },
  }
}

const rows = ({ times, scores, rttMs }: ReturnType<ReturnType<typeof createHistory>['of']>): number[][] => [
  [...times],
  [...scores],
  [...rttMs],
]

test('a peer has the rows since it was first seen, with gaps for what was not measured or while it was away', () => {
  const { clock, of, sample } = createHistory()
  const start = clock.time
  sample(['a', 0.25])
  sample(['a', 0.5, 8], ['b', 1, 4])
  sample(['b', 1, 2])
  expect(rows(of('a'))).toEqual([
    [start + 10_000, start + 20_000, start + 30_000],
    [0.25, 0.5, Number.NaN],
    [Number.NaN, 8, Number.NaN],
  ])
  expect(rows(of('b'))).toEqual([
    [start + 20_000, start + 30_000],
    [1, 1],
    [4, 2],
  ])
  expect(rows(of('stranger'))).toEqual([[], [], []])
})

test('only the last rows stay, in order', () => {
  const { of, sample } = createHistory({ rows: 3 })
  for (let row = 0; row < 8; row += 1) sample(['a', row / 8, row])
  expect([...of('a').rttMs]).toEqual([5, 6, 7])
})

test('a sleep leaves a gap, and a clock that was put back starts again', () => {
  const { clock, of, sample } = createHistory()
  sample(['a', 1, 1])
  clock.time += 3_600_000
  sample(['a', 1, 2])
  expect([...of('a').rttMs]).toEqual([1, Number.NaN, 2])
  clock.time -= 86_400_000
  sample(['a', 1, 3])
  expect([...of('a').rttMs]).toEqual([3])
})

test('the peer that left first makes room for a newcomer, and connected ones never do', () => {
  const { of, sample } = createHistory({ peers: 2 })
  sample(['a', 1, 1], ['b', 1, 1])
  sample(['b', 1, 1])
  sample(['b', 1, 1])
  sample(['b', 1, 1], ['c', 1, 1], ['d', 1, 1])
  expect([...of('a').times]).toEqual([])
  expect([...of('c').rttMs]).toEqual([1])
  expect([...of('d').times]).toEqual([])
  expect([...of('b').rttMs]).toEqual([1, 1, 1, 1])
})

test('memory and order are bounded for any comings and goings', () => {
  const present = fc.uniqueArray(fc.integer({ min: 0, max: 20 }), { maxLength: 12 })
  const step = fc.record({ present, skipMs: fc.integer({ min: -20_000, max: 100_000 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, of, sample } = createHistory({ rows: 10, peers: 5 })
      for (const { present, skipMs } of steps) {
        clock.time += skipMs
        sample(...present.map((peer): [string, number, number] => [`${peer}`, 0.5, peer]))
      }
      const kept = Array.from({ length: 21 }, (_, peer) => of(`${peer}`)).filter(({ times }) => times.length > 0)
      expect(kept.length).toBeLessThanOrEqual(5)
      for (const { times, scores, rttMs } of kept) {
        expect(times.length).toBeLessThanOrEqual(10)
        expect([scores.length, rttMs.length]).toEqual([times.length, times.length])
        expect([...times]).toEqual([...times].sort((a, b) => a - b))
      }
    }),
    { seed: 21, numRuns: 300 },
  )
})
