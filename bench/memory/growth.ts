import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Engine } from '../../workers/engine/create-engine.ts'
import { until } from '../../workers/testing/relay-network.ts'
import { numbersFrom } from '../lib/environment.ts'
import { growthExponent, type Point } from '../lib/fit.ts'
import type { Figure } from '../lib/measurement.ts'
import { startWholeNode } from '../lib/whole-nodes.ts'
import { signPackages } from './catalogue.ts'
import { heapMegabytes } from './heap.ts'

/**
 * How the heap of a process with one whole engine, its code included, grows with the peers, which run in another
 * process, and with the catalogue. Neither may grow more than linearly: an engine limits its connections, and packages
 * share words, publishers and keys.
 *
 * `MEMORY_PEERS=10,20 MEMORY_CATALOGUES=500,1000` measures less; an empty list omits it.
 */
const peerCounts = numbersFrom('MEMORY_PEERS', [10, 20, 50, 100])
const catalogues = numbersFrom('MEMORY_CATALOGUES', [1_000, 2_000, 5_000, 10_000])

/** Exponent from which growth is linear. */
const linear = 1

/** What one more may cost at the end, compared with the beginning: hash tables grow in steps. */
const mostForFurther = 1.2
const settleMs = 3_000

export const measureGrowth = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  if (peerCounts.length > 0) yield* growthByPeers(log)
  if (catalogues.length > 0) yield* growthByPackages(log)
}

const growthByPeers = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const peers = await startPeers(Math.max(...peerCounts))
  const engine = await startMeasured()
  try {
    const points: Point[] = []
    let dialled = 0
    for (const count of peerCounts) {
      for (; dialled < count; dialled += 1)
        // Beyond its limit an engine may refuse; what it keeps is logged.
        await engine.commands.connect(peers.addresses[dialled] ?? '').catch(() => {})
      await until('it has peers', () => engine.network.status().directConnections > 0)
      await settle()
      const megabytes = heapMegabytes()
      log(`${count} peers dialled, ${engine.network.status().directConnections} connected: ${megabytes.toFixed(1)} MB`)
      points.push({ x: count, y: megabytes })
      yield { scenario: `a process with an engine and ${count} peers`, unit: 'MB', samples: [megabytes] }
    }
    yield* growthFigures('peer', points)
  } finally {
    await engine.commands.stop()
    peers.stop()
  }
}

const growthByPackages = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const most = Math.max(...catalogues)
  log(`signing ${most} packages`)
  const before = heapMegabytes()
  const entries = await signPackages(most)
  await settle()
  // Not of the engine, which gets copies.
  const signed = heapMegabytes() - before
  const engine = await startMeasured()
  try {
    const points: Point[] = []
    for (const count of catalogues) {
      const end = count === most ? entries.length : Math.round((count / most) * entries.length)
      await engine.storage.registry.ingest(
        entries.slice(0, end).map((entry) => ({ ...entry, bytes: entry.bytes.slice() })),
        { from: 'bench' },
      )
      await settle()
      const megabytes = heapMegabytes() - signed
      points.push({ x: count, y: megabytes })
      yield { scenario: `a process with an engine and ${count} packages`, unit: 'MB', samples: [megabytes] }
    }
    yield* growthFigures('package', points)
  } finally {
    await engine.commands.stop()
  }
}

const startMeasured = async (): Promise<Engine> => {
  const engine = await startWholeNode([])
  await engine.network.started
  await settle()
  return engine
}

function* growthFigures(what: string, points: readonly Point[]): Generator<Figure> {
  yield {
    scenario: `memory grows with the number of ${what}s to the power of`,
    unit: 'x',
    samples: [growthExponent(points)],
    target: linear,
  }
  // The code hides the beginning of a faster growth, which the steps show.
  if (points.length < 3) return
  const perStep = points.slice(1).map(({ x, y }, at) => {
    const before = points[at] as Point
    return (y - before.y) / (x - before.x)
  })
  yield {
    scenario: `memory for a further ${what}, last step over first`,
    unit: 'x',
    samples: [(perStep.at(-1) ?? Number.NaN) / (perStep[0] ?? Number.NaN)],
    target: mostForFurther,
  }
}

const startPeers = async (count: number): Promise<{ addresses: readonly string[]; stop(): void }> => {
  const child = fork(new URL('./peers-process.ts', import.meta.url), [String(count)])
  const ended = once(child, 'exit').then(() => {
    throw new Error('The process of the peers ended.')
  })
  ended.catch(() => {})
  const [addresses] = (await Promise.race([once(child, 'message'), ended])) as [string[]]
  return { addresses, stop: () => child.disconnect() }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, settleMs))
