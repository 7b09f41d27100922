import { createEngineNetwork, type EnginePeer, introduce } from '../../workers/testing/network.ts'
import { until } from '../../workers/testing/relay-network.ts'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import { numberFrom, numbersFrom } from '../lib/environment.ts'
import { sampleLag } from '../lib/event-loop.ts'
import { type Figure, percentile } from '../lib/measurement.ts'
import { signPackages } from '../memory/catalogue.ts'
import { createCorpus } from '../search/corpus.ts'

/**
 * Many operations at once in whole engines, which share this process, over links of 5 ms.
 *
 * `CONCURRENCY_AT_ONCE=1,10 CONCURRENCY_ROUNDS=10 CONCURRENCY_OPERATIONS=100` measures less.
 */
const atOnce = numbersFrom('CONCURRENCY_AT_ONCE', [1, 10, 50])
const rounds = numberFrom('CONCURRENCY_ROUNDS', 40)
const operations = numberFrom('CONCURRENCY_OPERATIONS', 600)
const engines = 8

/** Rounds before the measured ones: one in each engine, in which the code is compiled and what a search lacks arrives. */
const unmeasuredRounds = engines
const packages = 1_000

/** Callers of the mixed operations, each with one operation at a time. */
const callers = 16

/** Objectives for p95 (ms), and their floor for throughput (a second). */
const targets = { search: 100, lookup: 500, publish: 200, install: 2_000, throughput: 50 }

/** Share of each kind among the mixed operations: people search more than they install, and install more than they publish. */
const mix: readonly (readonly [kind: Kind, share: number])[] = [
  ['search', 0.6],
  ['lookup', 0.25],
  ['install', 0.1],
  ['publish', 0.05],
]

type Kind = 'search' | 'lookup' | 'install' | 'publish'

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const network = createEngineNetwork()
  try {
    const present = await network.startMany(Array.from({ length: engines }, (_, n) => `engine ${n}`))
    log(`${engines} engines with ${packages} packages each`)
    const entries = await signPackages(packages)
    for (const { storage } of present) await storage.registry.ingest(entries, { from: 'bench' })
    await introduce(present)
    await until('all have peers', () => present.every(({ network }) => network.status().directConnections > 0))
    for (const count of atOnce) yield* searchesAtOnce(present, count)
    yield* mixed(present, log)
  } finally {
    await network.stopAll()
  }
}

/** Searches of one engine that start in the same moment: in its own catalogue, and over its peers. */
const searchesAtOnce = async function* (present: readonly EnginePeer[], count: number): AsyncGenerator<Figure> {
  const { words, typing } = createCorpus(packages).queriesByKind
  const queries = [...words, ...typing]
  const name = count === 1 ? '1 search' : `${count} searches at once`
  for (const remote of [false, true]) {
    const samples: number[] = []
    for (let round = 0; round < unmeasuredRounds + rounds; round += 1) {
      const engine = present[round % present.length]
      const started = performance.now()
      await Promise.all(
        Array.from({ length: count }, async (_, n) => {
          await engine?.search({ ...queries[(round * count + n) % queries.length], ...(remote ? { remote } : {}) })
          if (round >= unmeasuredRounds) samples.push(performance.now() - started)
        }),
      )
      // A peer accepts ten queries a second, in bursts of forty.
      if (remote) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const scenario = remote ? `${name} over peers` : name
    // An engine asks its peers for three searches at a time, so more of them wait for each other.
    const target = remote && count > 1 ? {} : ({ target: targets.search, targetAt: 'p95' } as const)
    yield { scenario, unit: 'ms', samples, ...target }
  }
}

const mixed = async function* (present: readonly EnginePeer[], log: (line: string) => void): AsyncGenerator<Figure> {
  const random = createSeededRandom(3)
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const { words } = createCorpus(packages).queriesByKind
  const ids = (await pick(present).search({ limit: 200 })).hits.map(({ id }) => id)
  const installable: string[] = []
  let published = 0
  const publish = async (): Promise<void> => {
    published += 1
    const files = { 'a.txt': new Uint8Array(8_000).fill(published % 256) }
    installable.push((await pick(present).publish(`mixed-${published}`, '1.0.0', files)).id)
  }
  for (let n = 0; n < 10; n += 1) await publish()
  const everywhere = (id: string): boolean => present.every(({ storage }) => storage.registry.get(id) !== undefined)
  await until('all know the packages to install', () => installable.every(everywhere))

  const run: Record<Kind, () => Promise<unknown>> = {
    search: () => pick(present).search(pick(words)),
    lookup: () => pick(present).lookup(pick(ids)),
    install: () => pick(present).install([pick(installable.filter(everywhere))]),
    publish,
  }
  const kinds = mix.flatMap(([kind, share]) => new Array<Kind>(Math.round(share * operations)).fill(kind))
  const queue = kinds
    .map((kind) => ({ kind, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ kind }) => kind)
  const samples: Record<Kind, number[]> = { search: [], lookup: [], install: [], publish: [] }
  const lag = sampleLag()
  const began = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async () => {
      for (let kind = queue.pop(); kind !== undefined; kind = queue.pop()) {
        const started = performance.now()
        await run[kind]()
        samples[kind].push(performance.now() - started)
      }
    }),
  )
  const seconds = (performance.now() - began) / 1_000
  log(`event loop late by p95 ${percentile(lag(), 0.95).toFixed(0)} ms`)
  for (const [kind] of mix)
    yield {
      scenario: `mixed operations, ${callers} callers: ${kind}`,
      unit: 'ms',
      samples: samples[kind],
      target: targets[kind],
      targetAt: 'p95',
    }
  yield {
    scenario: `mixed operations, ${callers} callers: operations`,
    unit: '/s',
    samples: [kinds.length / seconds],
    target: targets.throughput,
  }
}
