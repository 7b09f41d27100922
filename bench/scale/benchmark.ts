import { startRelay } from '../../e2e/fixtures/relay.ts'
import type { Engine } from '../../workers/engine/create-engine.ts'
import { until } from '../../workers/testing/relay-network.ts'
import { numberFrom, numbersFrom } from '../lib/environment.ts'
import { sampleLag } from '../lib/event-loop.ts'
import { type Figure, percentile } from '../lib/measurement.ts'
import { startWholeNode } from '../lib/whole-nodes.ts'
import { signPackages } from '../memory/catalogue.ts'

/**
 * Whole engines in this process over WebSockets, with one real relay in another: how long each takes from its start to
 * ten direct peers, and searches over them.
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

/** Target for p95 from the start to the wanted peers (ms). */
const bootstrapTargetMs = 2_000

/** Target for p95 of a search over peers (ms): the objective of a search. */
const searchTargetMs = 100

/** Pause between searches (ms): a peer accepts ten per second. */
const pauseMs = 120

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* measureGrowing(log)
  if (atOnce > 0) yield await measureAtOnce(log)
}

/** Engines start one after the other; at each size, the last one searches. */
const measureGrowing = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const relay = await startRelay()
  const present: Engine[] = []
  const entries = await signPackages(packages)
  try {
    let times: number[] = []
    for (const size of sizes) {
      const lag = sampleLag()
      while (present.length < size) {
        const began = performance.now()
        const engine = await startWholeNode([relay.relay])
        await untilPeers(engine, Math.min(present.length, wantedPeers))
        // The first has nobody to connect to.
        if (present.length > 0) times.push(performance.now() - began)
        else await engine.storage.registry.ingest(entries, { from: 'bench' })
        present.push(engine)
      }
      log(`${size} engines; event loop late by p95 ${percentile(lag(), 0.95).toFixed(0)} ms`)
      yield {
        scenario: `${size} whole nodes: start to direct peers, one after the other`,
        unit: 'ms',
        samples: times,
        target: bootstrapTargetMs,
        targetAt: 'p95',
      }
      times = []
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
  const canSearch = async (): Promise<boolean> => (await asking.commands.status()).searchablePeers > 0
  while (!(await canSearch())) await pause()
  const samples: number[] = []
  for (let n = 0; n < searches; n += 1) {
    const started = performance.now()
    const { peers } = await asking.commands.search({ text: `package ${n}`, remote: true })
    samples.push(performance.now() - started)
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

/** All engines start in one moment, as after a failure of the relay. They share one thread, whose load is logged. */
const measureAtOnce = async (log: (line: string) => void): Promise<Figure> => {
  const relay = await startRelay()
  const present: Engine[] = []
  try {
    const cpu = process.cpuUsage()
    const began = performance.now()
    const samples = await Promise.all(
      Array.from({ length: atOnce }, async () => {
        const engine = await startWholeNode([relay.relay])
        present.push(engine)
        await untilPeers(engine, Math.min(atOnce - 1, wantedPeers))
        return performance.now() - began
      }),
    )
    const { user, system } = process.cpuUsage(cpu)
    const took = performance.now() - began
    log(
      `${atOnce} engines at once: ${(took / 1000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of processor`,
    )
    return {
      scenario: `${atOnce} whole nodes: start to direct peers, all at once`,
      unit: 'ms',
      samples,
      target: bootstrapTargetMs,
      targetAt: 'p95',
    }
  } finally {
    await stopAll(present)
    await relay.stop()
  }
}

const untilPeers = (engine: Engine, count: number): Promise<void> =>
  until(`${count} direct peers`, () => engine.network.status().directConnections >= count, waitMs)

const stopAll = async (engines: readonly Engine[]): Promise<void> => {
  await Promise.all(engines.map(({ commands }) => commands.stop()))
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs))
