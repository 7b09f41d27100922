import { untraced } from '../../workers/telemetry/operation.ts'
import { createDhtNetwork, type DhtNetwork, type DhtNode } from '../../workers/testing/dht-network.ts'
import { createHeadSource } from '../../workers/testing/head-source.ts'
import { createSeededRandom } from '../../workers/testing/seeded-random.ts'
import { sampleLag } from '../lib/event-loop.ts'
import { growthOverLogarithm, leastSquares, meanOf } from '../lib/fit.ts'
import { type Figure, percentile } from '../lib/measurement.ts'
import { measureRanking } from './ranking.ts'

/**
 * Heads and providers in the DHT with real kad-dht nodes (memory transport, noise, yamux) and 20 ms per message; stock
 * `dht.get` alternates with our lookups. `DHT_SIZES=10,50` chooses other sizes, `DHT_LOOKUPS=10` the number of lookups,
 * `DHT_TABLE=known` kad-dht's own routing table.
 *
 * All nodes share one process, so the figures include their computation; the log shows the lag of the event loop.
 * Lookups are sequential, with a pause between them. Each node has about 20 connections (see dht-network.ts) and at most
 * 40; from 100 nodes on, lookups may have to dial a peer with the value. The querying node keeps no copy. From 500
 * nodes on there are fewer lookups.
 */
const sizes = (process.env.DHT_SIZES ?? '10,50,100,500,1000').split(',').map(Number)
const table = process.env.DHT_TABLE === 'known' ? 'known' : 'connected'
const wantedLookups = process.env.DHT_LOOKUPS
const maxConnections = 40
const warmUps = 5
const deadShare = 0.2

/** A stock `get` may take minutes; it counts as failed after the time limit of our lookups (ms). */
const stockTimeoutMs = 5_000

/** Pause after a lookup, so that its remaining messages do not slow the next one (ms). */
const restMs = 60

/** Enough for a median; each takes up to 5 s. */
const stockLookups = 5

/** Target for p95 by number of peers (ms): at 100 peers, five round trips of 40 ms. */
const targetMs = (nodes: number): number => (nodes <= 10 ? 100 : nodes <= 100 ? 200 : 500)

/** Target for the speed-up over stock at the median. */
const targetRatio = 3

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, restMs))

/** Hops that doubling the number of peers may add: Kademlia gets one bit closer with each. */
const hopsPerDoubling = 1

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const figures: Figure[] = []
  for (const size of sizes) {
    const started = performance.now()
    const network = await createDhtNetwork({ nodes: size, maxConnections, table })
    const tables = network.nodes.map(network.tableSize)
    log(
      `${size} nodes are up after ${seconds(started)}, ${megabytes(size)} MB each; their routing tables have ` +
        `${Math.min(...tables)} to ${Math.max(...tables)} peers`,
    )
    for await (const figure of measure(network, size, log)) {
      figures.push(figure)
      yield figure
    }
    await network.stop()
  }
  if (sizes.length > 1) yield* scalingOf(figures)
  if (process.env.DHT_RANKING !== '0') yield* measureRanking(log)
}

/** Whether lookups grow no faster than the logarithm of the number of peers. */
function* scalingOf(figures: readonly Figure[]): Generator<Figure> {
  const pointsOf = (count: string) =>
    sizes.map((size) => ({
      x: size,
      y: meanOf(figures.find(({ scenario }) => scenario === `DHT ${size}: get hit, ${count}`)?.samples ?? []),
    }))
  const range = `${Math.min(...sizes)} to ${Math.max(...sizes)}`
  for (const count of ['hops', 'requests'])
    yield {
      scenario: `DHT ${range}: growth of ${count} over that of log N`,
      unit: 'x',
      samples: [growthOverLogarithm(pointsOf(count))],
      target: 1,
    }
  const { slope } = leastSquares(pointsOf('hops').map(({ x, y }) => ({ x: Math.log2(x), y })))
  yield {
    scenario: `DHT ${range}: hops for each doubling of the peers (fit)`,
    unit: 'n',
    samples: [slope],
    target: hopsPerDoubling,
  }
}

const measure = async function* (
  network: DhtNetwork,
  size: number,
  log: (line: string) => void,
): AsyncGenerator<Figure> {
  const lookups = Number(wantedLookups ?? (size >= 500 ? 20 : 40))
  const puts = size >= 100 ? 6 : 10
  const random = createSeededRandom(size)
  const source = await createHeadSource(size)
  const anyOf = (nodes: readonly DhtNode[]): DhtNode => {
    const node = nodes[Math.floor(random() * nodes.length)]
    if (node === undefined) throw new Error('The network has no node left.')
    return node
  }
  const name = (what: string): string => `DHT ${size}: ${what}`

  await warmUp()
  yield* put(name('put'), puts, 'p')
  yield* hits(name('get hit'), lookups)
  yield* misses(name('get miss'))
  yield* providers()
  const victims = [...network.nodes].sort(() => random() - 0.5).slice(0, Math.round(size * deadShare))
  network.silence(victims)
  yield* hits(name('get hit, 20 % dead'), lookups)
  yield* misses(name('get miss, 20 % dead'))
  yield* put(name('put, 20 % dead'), puts / 2, 'q')

  /** Compiles the code of lookups, which the set-up does not run, and lets the last messages of the set-up arrive. */
  async function warmUp(): Promise<void> {
    const key = source.key('warm')
    await anyOf(network.nodes).heads.put(key, await source.value('warm', 1), {
      operation: untraced(),
      onConfirmed() {},
    })
    for (let n = 0; n < warmUps; n += 1) {
      const reader = anyOf(network.nodes)
      await reader.without(key, () => reader.heads.get(key, { operation: untraced() }))
    }
    await stockGet(anyOf(network.nodes), key)
    await rest()
  }

  async function* put(scenario: string, count: number, prefix: string): AsyncGenerator<Figure> {
    const toAll: number[] = []
    const toFour: number[] = []
    const confirmations: number[] = []
    const lag = sampleLag()
    for (let n = 0; n < count; n += 1) {
      const slug = `${prefix}-${n}`
      const value = await source.value(slug, 1)
      const start = performance.now()
      const confirmed = await anyOf(network.alive()).heads.put(source.key(slug), value, {
        operation: untraced(),
        onConfirmed(reached) {
          if (reached === 4) toFour.push(performance.now() - start)
        },
      })
      toAll.push(performance.now() - start)
      confirmations.push(confirmed)
      await rest()
    }
    log(`${scenario}: ${Math.min(...confirmations)} to ${Math.max(...confirmations)} confirmed; ${lagText(lag())}`)
    yield { scenario: `${scenario}, all`, unit: 'ms', samples: toAll, target: stockTimeoutMs, targetAt: 'p99' }
    yield { scenario: `${scenario}, 4 confirmations`, unit: 'ms', samples: toFour, target: 500, targetAt: 'p95' }
  }

  async function* misses(scenario: string): AsyncGenerator<Figure> {
    const samples: number[] = []
    const lag = sampleLag()
    for (let n = 0; n < lookups / 8; n += 1) {
      const start = performance.now()
      await anyOf(network.alive()).heads.get(source.key(`miss-${n}`), { operation: untraced() })
      samples.push(performance.now() - start)
      await rest()
    }
    log(`${scenario}: ${lagText(lag())}`)
    yield { scenario, unit: 'ms', samples }
  }

  async function* providers(): AsyncGenerator<Figure> {
    const { CID } = await import('multiformats/cid')
    const { sha256 } = await import('multiformats/hashes/sha2')
    const samples: number[] = []
    let found = 0
    for (let n = 0; n < lookups / 8; n += 1) {
      const root = CID.createV1(0x55, await sha256.digest(Uint8Array.of(size & 0xff, n))).toString()
      await anyOf(network.nodes).providers.provide(root, untraced())
      await rest()
      const start = performance.now()
      for await (const _ of anyOf(network.nodes).providers.find(root, untraced(AbortSignal.timeout(stockTimeoutMs)))) {
        found += 1
        break
      }
      samples.push(performance.now() - start)
      await rest()
    }
    log(`${name('first provider')}: found ${found} of ${samples.length}`)
    yield { scenario: name('first provider'), unit: 'ms', samples, target: targetMs(size), targetAt: 'p95' }
  }

  async function* hits(scenario: string, count: number): AsyncGenerator<Figure> {
    const ours: number[] = []
    const hops: number[] = []
    const dials: number[] = []
    const requests: number[] = []
    const stock: number[] = []
    const stockFirst: number[] = []
    let found = 0
    const lag = sampleLag()
    for (let n = 0; n < count; n += 1) {
      const key = source.key(`p-${n % puts}`)
      const reader = anyOf(network.alive())
      await reader.without(key, async () => {
        const start = performance.now()
        if ((await reader.heads.get(key, { operation: untraced() })) !== undefined) found += 1
        ours.push(performance.now() - start)
      })
      hops.push(reader.figures.latest('dht_lookup_hops', 1)[0]?.value ?? 0)
      requests.push(reader.figures.latest('dht_lookup_requests', 1)[0]?.value ?? 0)
      dials.push(reader.figures.latest('dht_lookup_dials', 1)[0]?.value ?? 0)
      await rest()
      if (n % Math.ceil(count / stockLookups) !== 0) continue
      const other = anyOf(network.alive())
      const { tookMs, firstMs } = await other.without(key, () => stockGet(other, key))
      stock.push(tookMs)
      if (firstMs !== undefined) stockFirst.push(firstMs)
      await rest()
    }
    log(
      `${scenario}: found ${found} of ${ours.length}; hops p50 ${percentile(hops, 0.5)}, p95 ${percentile(hops, 0.95)}; ` +
        `dialled p50 ${percentile(dials, 0.5)}, p95 ${percentile(dials, 0.95)}; stock found ${stockFirst.length} of ` +
        `${stock.length}, its first answer after p50 ${percentile(stockFirst, 0.5).toFixed(0)} ms; ${lagText(lag())}`,
    )
    yield {
      scenario,
      unit: 'ms',
      samples: ours,
      target: targetMs(size),
      targetAt: 'p95',
      against: {
        name: 'stock dht.get',
        unit: 'ms',
        p50: percentile(stock, 0.5),
        p95: percentile(stock, 0.95),
        p99: percentile(stock, 0.99),
      },
    }
    const ratio = percentile(stock, 0.5) / percentile(ours, 0.5)
    yield {
      scenario: `${scenario}, times faster`,
      unit: 'x',
      samples: [ratio],
      target: targetRatio,
      higherIsBetter: true,
    }
    yield { scenario: `${scenario}, hops`, unit: 'n', samples: hops }
    yield { scenario: `${scenario}, requests`, unit: 'n', samples: requests }
    yield {
      scenario: `${scenario}, found`,
      unit: '%',
      samples: [(100 * found) / ours.length],
      higherIsBetter: true,
      target: 100,
    }
  }
}

/** Runs stock `get` to its end and notes when its first record arrived. */
const stockGet = async ({ node }: DhtNode, key: string): Promise<{ tookMs: number; firstMs: number | undefined }> => {
  const start = performance.now()
  let firstMs: number | undefined
  try {
    const signal = AbortSignal.timeout(stockTimeoutMs)
    for await (const event of node.services.dht.get(new TextEncoder().encode(key), { signal }))
      if (event.name === 'PEER_RESPONSE' && event.record !== undefined) firstMs ??= performance.now() - start
  } catch {
    // Timed out, or a peer refused a correction.
  }
  return { tookMs: performance.now() - start, firstMs }
}

const lagText = (samples: number[]): string =>
  `event loop late by p50 ${percentile(samples, 0.5).toFixed(1)}, p95 ${percentile(samples, 0.95).toFixed(0)} ms`

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(0)} s`

const megabytes = (nodes: number): string => (process.memoryUsage().rss / 1_048_576 / nodes).toFixed(1)
