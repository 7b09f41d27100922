import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSeededRandom } from '../testing/seeded-random.ts'
import { type RankedPeer, rankPeers } from './ranking.ts'

const candidates = fc.uniqueArray(
  fc.record({
    peer: fc.string({ minLength: 1, maxLength: 6 }),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
    tried: fc.boolean(),
  }),
  { selector: ({ peer }) => peer, maxLength: 40 },
)

test('sorts by score without exploration', () => {
  fc.assert(
    fc.property(candidates, fc.nat(), (all, seed) => {
      const ranked = rankPeers(all, createSeededRandom(seed), { explore: 0 })
      const scores = ranked.map((peer) => all.find((each) => each.peer === peer)?.score)
      expect(scores).toEqual(all.map(({ score }) => score).sort((a, b) => b - a))
    }),
    { seed: 10, numRuns: 300 },
  )
})

/** Reference rule for each place: an untried peer or the best one of those left. */
const isPossible = (all: readonly RankedPeer[], ranked: readonly string[], explore: number): boolean => {
  const left = new Map(all.map((each) => [each.peer, each]))
  return ranked.every((peer) => {
    const chosen = left.get(peer)
    const best = Math.max(...[...left.values()].map(({ score }) => score))
    left.delete(peer)
    return chosen !== undefined && (chosen.score === best || (explore > 0 && !chosen.tried))
  })
}

test('each place holds the best peer left or an untried one, and each peer appears once', () => {
  const share = fc.constantFrom(0, 0.1, 0.5, 1)
  fc.assert(
    fc.property(candidates, fc.nat(), share, fc.integer({ min: 0, max: 50 }), (all, seed, explore, count) => {
      const ranked = rankPeers(all, createSeededRandom(seed), { explore, count })
      expect(ranked.length).toBe(Math.min(count, all.length))
      expect(new Set(ranked).size).toBe(ranked.length)
      expect(isPossible(all, ranked, explore)).toBe(true)
    }),
    { seed: 11, numRuns: 500 },
  )
})

const crowd: RankedPeer[] = [
  ...Array.from({ length: 20 }, (_, n) => ({ peer: `good-${n}`, score: 0.9, tried: true })),
  ...Array.from({ length: 20 }, (_, n) => ({ peer: `new-${n}`, score: 0.2, tried: false })),
]

test('about one pick in ten explores, evenly among untried peers', () => {
  const random = createSeededRandom(1)
  const explored = new Map<string, number>()
  let picks = 0
  for (let round = 0; round < 2_000; round += 1) {
    for (const peer of rankPeers(crowd, random, { count: 4 })) {
      picks += 1
      if (peer.startsWith('new')) explored.set(peer, (explored.get(peer) ?? 0) + 1)
    }
  }
  const share = [...explored.values()].reduce((sum, count) => sum + count, 0) / picks
  expect(share).toBeGreaterThan(0.08)
  expect(share).toBeLessThan(0.12)
  expect(explored.size).toBe(20)
})

test('equal peers share the work, and the same seed gives the same order', () => {
  const random = createSeededRandom(2)
  const firsts = new Set(Array.from({ length: 400 }, () => rankPeers(crowd, random, { count: 1, explore: 0 })[0]))
  expect(firsts.size).toBe(20)
  expect(rankPeers(crowd, createSeededRandom(3))).toEqual(rankPeers(crowd, createSeededRandom(3)))
})
