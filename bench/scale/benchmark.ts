import { startRelay } from '../../e2e/fixtures/relay.ts'
import type { Engine } from '../../workers/engine/create-engine.ts'
import { until } from '../../workers/testing/relay-network.ts'
import { numberFrom, numbersFrom } from '../lib/environment.ts'
import { sampleLag } from '../lib/event-loop.ts'
import { type Figure, percentile } from '../lib/measurement.ts'
import { startWholeNode } from '../lib/whole-nodes.ts'
import { signPackages } from '../memory/catalogue.ts'

/**
 * Whole engines in this process over WebSockets, with one real relay in another: how long each takes from its start until
 * it has joined (the relay and a first direct peer) and until it has ten direct peers, and searches over them.
 *
 * They share one thread, so what all do at once waits for the others; on machines of their own they would not. The
 * processor time tells what each takes.
 *
 * `SCALE_SIZES=10,20 SCALE_SEARCHES=10 SCALE_AT_ONCE=20` measures less.
 */
const sizes = numbersFrom('SCALE_SIZES', [10, 20, 50, 100])
const searches = numberFrom('SCALE_SEARCHES', 40)
/** Engines that start at the same time; none for 0. */
const atOnce = numberFrom('SCALE_AT_ONCE', 100)

/** Direct peers to wait for, or all if there are fewer. */
const wantedPeers = 10
const packages = 100
const waitMs = 300_000

/** Searches before the measured ones: the first of a process take ten times as long, until its code is compiled. */
const unmeasuredSearches = 5

/** Target for p95 from the start to each milestone (ms). */
const bootstrapTargetMs = 2_000

/** Interval of looking at an engine (ms): more often, looking at a hundred of them would itself fill the thread. */
const pollMs = 25

/** Target for p95 of a search over peers (ms): the objective of a search. */
const searchTargetMs = 100

/** Pause between searches (ms): a peer accepts ten per second. */
const pauseMs = 120

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* measureGrowing(log)
  if (atOnce > 0) yield* measureAtOnce(log)
}

/** Engines start one after the other; at each size, the last one searches. */
const measureGrowing = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const relay = await startRelay()
  const present: Engine[] = []
  const entries = await signPackages(packages)
  try {
    for (const size of sizes) {
      const lag = sampleLag()
      const joins: Join[] = []
      const processor: number[] = []
      while (present.length < size) {
        const cpu = process.cpuUsage()
        const { engine, join } = await startAndJoin(relay.relay, present.length)
        // The first has nobody to connect to.
        if (join === undefined) await engine.storage.registry.ingest(entries, { from: 'bench' })
        else {
          joins.push(join)
          processor.push(secondsSince(cpu))
        }
        present.push(engine)
      }
      log(`${size} engines; event loop late by p95 ${percentile(lag(), 0.95).toFixed(0)} ms`)
      yield* toFigures(`${size} whole nodes`, joins, 'one after the other')
      yield { scenario: `${size} whole nodes: processor time of all for a newcomer`, unit: 's', samples: processor }
      yield await searchOver(present)
    }
  } finally {
    await stopAll(present)
    await relay.stop()
  }
}

const searchOver = async (present: readonly Engine[]): Promise<Figure> => {
  const asking = present.at(-1)
  if (asking === undefined) throw new Error('No engine has started.')
  // Until then it also verifies the catalogue that it receives from its peers.
  await until('a complete catalogue', () => asking.network.status().catalogueComplete === true, waitMs)
  const canSearch = async (): Promise<boolean> => (await asking.commands.status()).searchablePeers > 0
  while (!(await canSearch())) await pause()
  const samples: number[] = []
  for (let n = -unmeasuredSearches; n < searches; n += 1) {
    const started = performance.now()
    const { peers } = await asking.commands.search({ text: `package ${n + unmeasuredSearches}`, remote: true })
    if (n >= 0) samples.push(performance.now() - started)
    if ((peers?.answered ?? 0) === 0) throw new Error('No peer answered a search.')
    await pause()
  }
  return {
    scenario: `search over ${present.length - 1} peers`,
    unit: 'ms',
    samples,
    target: searchTargetMs,
    targetAt: 'p95',
  }
}

/** All engines start in one moment, as after a failure of the relay. */
const measureAtOnce = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const relay = await startRelay()
  const present: Engine[] = []
  try {
    const cpu = process.cpuUsage()
    const began = performance.now()
    const joins = await Promise.all(
      Array.from({ length: atOnce }, async () => {
        const { engine, join } = await startAndJoin(relay.relay, atOnce - 1)
        present.push(engine)
        return join === undefined ? [] : [join]
      }),
    )
    const took = (performance.now() - began) / 1_000
    const processor = secondsSince(cpu)
    log(`${atOnce} engines at once: ${took.toFixed(1)} s, ${processor.toFixed(1)} s of processor`)
    yield* toFigures(`${atOnce} whole nodes`, joins.flat(), 'all at once')
    yield {
      scenario: `${atOnce} whole nodes: processor time of each, all at once`,
      unit: 's',
      samples: [processor / atOnce],
    }
  } finally {
    await stopAll(present)
    await relay.stop()
  }
}

/** Times since the start (ms). */
interface Join {
  readonly joined: number
  readonly peers: number
}

/** @param others Engines that it can connect to. */
const startAndJoin = async (relay: string, others: number): Promise<{ engine: Engine; join?: Join }> => {
  const began = performance.now()
  const engine = await startWholeNode([relay])
  const directPeers = (): number => engine.network.peers.counts().direct.size
  const isJoined = (): boolean => directPeers() > 0 && engine.network.status().relays.some(({ connected }) => connected)
  if (others === 0) return { engine }
  await until('the relay and a direct peer', isJoined, waitMs, pollMs)
  const joined = performance.now() - began
  const wanted = Math.min(others, wantedPeers)
  await until(`${wanted} direct peers`, () => directPeers() >= wanted, waitMs, pollMs)
  return { engine, join: { joined, peers: performance.now() - began } }
}

const toFigures = function* (name: string, joins: readonly Join[], how: string): Generator<Figure> {
  const target = { unit: 'ms', target: bootstrapTargetMs, targetAt: 'p95' } as const
  yield { scenario: `${name}: start to joined, ${how}`, samples: joins.map(({ joined }) => joined), ...target }
  yield { scenario: `${name}: start to direct peers, ${how}`, samples: joins.map(({ peers }) => peers), ...target }
}

const secondsSince = (before: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const stopAll = async (engines: readonly Engine[]): Promise<void> => {
  await Promise.all(engines.map(({ commands }) => commands.stop()))
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs))
