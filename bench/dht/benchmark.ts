import { createRandom } from '../../workers/testing/delayed-memory.ts'
import { createDhtNetwork, type DhtNetwork, type DhtNode } from '../../workers/testing/dht-network.ts'
import { createHeadSource } from '../../workers/testing/head-source.ts'
import { type Figure, percentile } from '../lib/measurement.ts'

/**
 * Heads in the DHT with real kad-dht nodes (memory transport, noise, yamux) and 20 ms a message: put, get hit, get miss,
 * and the same lookups by stock `dht.get` in turn with ours. `DHT_SIZES=10,50` chooses other sizes,
 * `DHT_TABLE=known` the routing table as kad-dht has it.
 *
 * Each node is dialled to those that a walk to itself would find (see dht-network.ts), and has at most 40 connections;
 * from 100 nodes on most holders of a value must be dialled.
 */
const sizes = (process.env.DHT_SIZES ?? '10,50,100').split(',').map(Number)
const table = process.env.DHT_TABLE === 'known' ? 'known' : 'connected'
const lookups = Number(process.env.DHT_LOOKUPS ?? 30)
const puts = 10
const maxConnections = 40
const deadShare = 0.2

/** A stock `get` may take minutes: what has not ended by then has failed, as ours has after 5 s. */
const stockTimeoutMs = 5_000

/** What the specification wants of a lookup at p95, ms, by the number of peers. */
const targetMs = (nodes: number): number => (nodes <= 10 ? 100 : nodes <= 100 ? 200 : 500)

const never = new AbortController().signal

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  for (const size of sizes) {
    const started = performance.now()
    const network = await createDhtNetwork({ nodes: size, maxConnections, table })
    const least = Math.min(...network.nodes.map(network.tableSize))
    log(`${size} nodes are up after ${seconds(started)}; the smallest routing table has ${least} peers`)
    yield* measure(network, size, log)
    await network.stop()
  }
}

const measure = async function* (
  network: DhtNetwork,
  size: number,
  log: (line: string) => void,
): AsyncGenerator<Figure> {
  const random = createRandom(size)
  const source = await createHeadSource(size)
  const anyOf = (nodes: readonly DhtNode[]): DhtNode => {
    const node = nodes[Math.floor(random() * nodes.length)]
    if (node === undefined) throw new Error('The network has no node left.')
    return node
  }
  const name = (what: string): string => `DHT ${size}: ${what}`

  const toPut: number[] = []
  const toFour: number[] = []
  for (let n = 0; n < puts; n += 1) {
    const start = performance.now()
    let fourth = Number.NaN
    const confirmed = await anyOf(network.nodes).heads.put(source.key(`p-${n}`), await source.value(`p-${n}`, 1), {
      signal: never,
      onConfirmed(count) {
        if (count === 4) fourth = performance.now() - start
      },
    })
    toPut.push(performance.now() - start)
    if (!Number.isNaN(fourth)) toFour.push(fourth)
    if (confirmed < 4) log(`only ${confirmed} have confirmed a put`)
  }
  yield { scenario: name('put, all'), unit: 'ms', samples: toPut }
  yield { scenario: name('put, 4 confirmations'), unit: 'ms', samples: toFour, target: 500, targetAt: 'p95' }

  yield* hits(name('get hit'))
  const misses: number[] = []
  for (let n = 0; n < lookups / 2; n += 1) {
    const start = performance.now()
    await anyOf(network.alive()).heads.get(source.key(`miss-${n}`), { signal: never })
    misses.push(performance.now() - start)
  }
  yield { scenario: name('get miss'), unit: 'ms', samples: misses }

  const victims = [...network.nodes].sort(() => random() - 0.5).slice(0, Math.round(size * deadShare))
  network.silence(victims)
  yield* hits(name('get hit, 20 % dead'))

  async function* hits(scenario: string): AsyncGenerator<Figure> {
    const ours: number[] = []
    const stock: number[] = []
    const stockFirst: number[] = []
    const hops: number[] = []
    let found = 0
    let stockFound = 0
    for (let n = 0; n < lookups; n += 1) {
      const slug = `p-${n % puts}`
      const key = source.key(slug)
      // Whoever keeps a copy itself finds it without the network: no lookup.
      const keyBytes = new TextEncoder().encode(key)
      const without = async (): Promise<DhtNode> => {
        for (let tries = 0; tries < 20; tries += 1) {
          const node = anyOf(network.alive())
          if ((await node.wire.own.getValue(keyBytes)) === undefined) return node
        }
        return anyOf(network.alive())
      }
      const reader = await without()
      const start = performance.now()
      if ((await reader.heads.get(key, { signal: never })) !== undefined) found += 1
      ours.push(performance.now() - start)
      hops.push(reader.lookups.at(-1)?.hops ?? 0)

      // As often as needed for a median: each takes up to 5 s.
      if (n % 3 !== 0) continue
      const other = await without()
      const stockStart = performance.now()
      let first: number | undefined
      try {
        for await (const event of other.node.services.dht.get(keyBytes, {
          signal: AbortSignal.timeout(stockTimeoutMs),
        }))
          if (event.name === 'PEER_RESPONSE' && event.record !== undefined) first ??= performance.now() - stockStart
      } catch {
        // Timed out, or a peer refused a correction.
      }
      if (first !== undefined) {
        stockFound += 1
        stockFirst.push(first)
      }
      stock.push(performance.now() - stockStart)
    }
    log(
      `${scenario}: found ${found} of ${ours.length}; hops p50 ${percentile(hops, 0.5)}, p95 ${percentile(hops, 0.95)}; ` +
        `stock found ${stockFound} of ${stock.length}, its first answer after p50 ${percentile(stockFirst, 0.5).toFixed(0)} ms`,
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
  }
}

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(0)} s`
