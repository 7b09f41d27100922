import { createReputation } from '../../workers/peers/reputation.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { untraced } from '../../workers/telemetry/operation.ts'
import { createDhtNetwork, type DhtNode } from '../../workers/testing/dht-network.ts'
import { createHeadSource } from '../../workers/testing/head-source.ts'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import { sampleLag } from '../lib/event-loop.ts'
import { type Figure, percentile } from '../lib/measurement.ts'

const nodes = 100
const slowShare = 1 / 3

/** Extra delay per message of a slow peer, such as a busy or distant one (ms). */
const slowByMs = 200

/** Few readers, which first learn about their peers, like a tab that has been open for some minutes. */
const readers = 8
const keys = 16
const learningRounds = 12
const rounds = 4

const restMs = 60

/** Measures lookups with and without ranking by reputation while a third of the peers are slow. */
export const measureRanking = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  let isRanking = false
  const network = await createDhtNetwork({
    nodes,
    maxConnections: 40,
    memory() {
      const reputation = createReputation({ store: createMemoryStore(), now: Date.now, random: createSeededRandom(1) })
      return {
        rank: (peer) => (isRanking ? reputation.scoreOf(peer) : 0),
        onAnswer(peer, answer) {
          if (answer === undefined) reputation.observe(peer, { kind: 'failed' })
          else reputation.observe(peer, { kind: 'ok', ...(answer.connected ? { ms: answer.ms } : {}) })
        },
      }
    },
  })
  const random = createSeededRandom(3)
  const shuffled = network.nodes.map((each) => ({ each, order: random() })).sort((a, b) => a.order - b.order)
  const slow = shuffled.slice(0, Math.round(nodes * slowShare)).map(({ each }) => each)
  const asking = shuffled.slice(-readers).map(({ each }) => each)
  const source = await createHeadSource(7)
  const key = (n: number): string => source.key(`r-${n}`)
  for (let n = 0; n < keys; n += 1) {
    const writer = shuffled[n]?.each
    await writer?.heads.put(key(n), await source.value(`r-${n}`, 1), { operation: untraced(), onConfirmed() {} })
  }
  network.slow(slow, slowByMs)

  const lookUp = async (reader: DhtNode, n: number): Promise<number> =>
    reader.without(key(n), async () => {
      const start = performance.now()
      await reader.heads.get(key(n), { operation: untraced() })
      return performance.now() - start
    })

  for (let round = 0; round < learningRounds; round += 1)
    for (const reader of asking) await lookUp(reader, (round * 5 + asking.indexOf(reader)) % keys)

  const ranked: number[] = []
  const unranked: number[] = []
  const lag = sampleLag()
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, reader] of asking.entries()) {
      // The same lookup with and without ranking, alternating.
      for (const withRanking of round % 2 === 0 ? [true, false] : [false, true]) {
        isRanking = withRanking
        const samples = withRanking ? ranked : unranked
        samples.push(await lookUp(reader, (round * readers + at) % keys))
        await new Promise((resolve) => setTimeout(resolve, restMs))
      }
    }
  }
  log(`a third of ${nodes} peers slow by ${slowByMs} ms; event loop lag p95 ${percentile(lag(), 0.95).toFixed(0)} ms`)
  await network.stop()
  const mean = (samples: readonly number[]): number => samples.reduce((sum, each) => sum + each, 0) / samples.length
  yield {
    scenario: 'lookup, a third slow, ranked',
    unit: 'ms',
    samples: ranked,
    against: {
      name: 'not ranked',
      unit: 'ms',
      p50: percentile(unranked, 0.5),
      p95: percentile(unranked, 0.95),
      p99: percentile(unranked, 0.99),
    },
  }
  yield {
    scenario: 'lookup, a third slow, times faster by ranking',
    unit: 'x',
    samples: [mean(unranked) / mean(ranked)],
    target: 1.3,
    higherIsBetter: true,
  }
}
