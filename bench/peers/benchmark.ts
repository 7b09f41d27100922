import { createReputation, type Reputation } from '../../workers/peers/reputation.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import type { Figure } from '../lib/measurement.ts'

const rounds = 2_000
const observations = 50_000
const remembered = 2_000

/** The cost of ranking peers by reputation. */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const store = createMemoryStore()
  const reputation = createReputation({ store, now: Date.now, random: createSeededRandom(1) })
  const peers = Array.from({ length: remembered }, (_, n) => `12D3KooWBenchmarkOfPeers${String(n).padStart(28, '0')}`)
  log(`${remembered} peers, a fifth of them unknown, with seeded histories`)
  yield { scenario: 'observe one event', unit: 'ms', samples: observe(reputation, peers) }

  for (const [count, target] of [
    [50, undefined],
    [1_000, 10],
  ] as const) {
    const candidates = peers.slice(0, count)
    time(rounds, () => reputation.rank(candidates))
    yield {
      scenario: `rank ${count} peers`,
      unit: 'ms',
      samples: time(rounds, () => reputation.rank(candidates)),
      ...(target === undefined ? {} : { target, targetAt: 'p99' }),
    }
    yield {
      scenario: `best 5 of ${count} peers`,
      unit: 'ms',
      samples: time(rounds, () => reputation.rank(candidates, { count: 5 })),
    }
  }
  const [peer = ''] = peers
  yield { scenario: 'score for gossip', unit: 'ms', samples: time(rounds, () => reputation.appScore(peer)) }

  await reputation.stop()
  const loads: number[] = []
  for (let round = 0; round < 20; round += 1) {
    const next = createReputation({ store, now: Date.now, random: createSeededRandom(1) })
    const before = performance.now()
    await next.load()
    loads.push(performance.now() - before)
    await next.stop()
  }
  yield { scenario: `read ${remembered} records (store in memory)`, unit: 'ms', samples: loads }
}

/** Observes random events of all peers except every fifth, which stays unknown. */
const observe = (reputation: Reputation, peers: readonly string[]): number[] => {
  const random = createSeededRandom(2)
  return time(observations, () => {
    const at = Math.floor(random() * peers.length)
    const peer = peers[at]
    if (peer === undefined || at % 5 === 0) return
    const chance = random()
    if (chance < 0.3) reputation.observe(peer, { kind: 'rtt', ms: 10 + (at % 7) * 60 * random() })
    else if (chance < 0.6) reputation.observe(peer, { kind: 'transfer', bytes: 262_144, ms: 20 + 500 * random() })
    else if (chance < 0.6 + (at % 3) * 0.1) reputation.observe(peer, { kind: 'failed' })
    else reputation.observe(peer, { kind: 'ok', ms: 20 + 100 * random() })
  })
}

const time = (count: number, work: () => unknown): number[] => {
  const samples: number[] = []
  for (let n = 0; n < count; n += 1) {
    const before = performance.now()
    work()
    samples.push(performance.now() - before)
  }
  return samples
}
