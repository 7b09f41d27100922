import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import type { Entry } from '../../workers/protocol/entry.ts'
import { QUERY_PROTOCOL } from '../../workers/protocol/protocols.ts'
import { untraced } from '../../workers/telemetry/operation.ts'
import { createLinks } from '../../workers/testing/delayed-memory.ts'
import { type QueryPeer, startQueryPeer } from '../../workers/testing/query-peers.ts'
import { until } from '../../workers/testing/relay-network.ts'
import { createTestPublisher, toEntry } from '../../workers/testing/test-publisher.ts'
import type { Figure } from '../lib/measurement.ts'

/**
 * A node with an empty catalogue queries five peers over links of 25 ms per message; all are real libp2p nodes in this
 * process. A search takes two round trips (protocol negotiation, then the query), verification and indexing. For
 * comparison, the same search runs in the local catalogue.
 */
const peers = 5
const delayMs = 25
const packages = Number(process.env['QUERY_PACKAGES'] ?? 1_000)
const searches = Number(process.env['QUERY_SEARCHES'] ?? 60)

/** Pause between queries (ms): a peer accepts ten per second. */
const pauseMs = 100

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  log(`signing ${packages} packages`)
  const entries = await signPackages()
  for (const silent of [0, 2]) {
    log(silent === 0 ? 'all answer' : `${silent} of ${peers} are silent`)
    const measured = await measure(entries, silent)
    const name = `remote search, ${peers} peers, ${delayMs} ms links${silent === 0 ? '' : `, ${silent} silent`}`
    yield { scenario: name, unit: 'ms', samples: measured.remote }
    yield { scenario: `${name}: peers asked`, unit: 'n', samples: measured.asked }
    yield { scenario: `${name}: the same from here`, unit: 'ms', samples: measured.local }
    yield {
      scenario: `describe, ${peers} peers${silent === 0 ? '' : `, ${silent} silent`}`,
      unit: 'ms',
      samples: measured.described,
    }
  }
}

const measure = async (entries: readonly Entry[], silent: number) => {
  const links = createLinks(1, { delayMs: 0, jitterMs: 0, loss: 0, retransmitMs: 200 })
  const nodes: Libp2p[] = []
  for (let index = 0; index <= peers; index += 1) nodes.push(await startNode(links.transport, silent * 100 + index))
  const others: QueryPeer[] = []
  for (const [index, node] of nodes.slice(1).entries()) {
    if (index < silent) await node.handle(QUERY_PROTOCOL, () => {})
    else others.push(await startQueryPeer(node, { entries }))
  }
  const [own] = nodes
  if (own === undefined) throw new Error('No node.')
  const client = await startQueryPeer(own)
  try {
    for (const { peerId } of nodes.slice(1)) {
      const node = nodes.find((each) => each.peerId.equals(peerId))
      await own.dial(node?.getMultiaddrs() ?? [])
    }
    await until('all can be queried', () => client.query.peers().length === peers)
    links.conditions.delayMs = delayMs
    const result = { remote: [] as number[], asked: [] as number[], local: [] as number[], described: [] as number[] }
    for (let n = 0; n < searches; n += 1) {
      const text = `package ${n}`
      const started = performance.now()
      const { asked } = await client.query.search({ text, filters: {} }, untraced())
      result.remote.push(performance.now() - started)
      result.asked.push(asked)
      const found = client.search({ text })
      if (!found.hits.some(({ slug }) => slug.endsWith(`-${n}`))) throw new Error(`${text} was not found`)
      result.local.push(found.tookMs)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      const target = found.hits[0]
      if (target === undefined) throw new Error('nothing was found')
      const again = performance.now()
      const publisher = target.publisher as Parameters<typeof client.query.describe>[0]['publisher']
      await client.query.describe({ publisher, slug: target.slug }, untraced())
      result.described.push(performance.now() - again)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    return result
  } finally {
    links.conditions.delayMs = 0
    for (const peer of [client, ...others]) await peer.stop()
    for (const node of nodes)
      for (const connection of node.getConnections()) connection.abort(new Error('The benchmark has ended.'))
    await Promise.all(nodes.map((node) => node.stop()))
  }
}

const startNode = async (transport: ReturnType<typeof createLinks>['transport'], index: number): Promise<Libp2p> => {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, index + 1)
  return createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen: [`/memory/query-${index}`] },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false },
    services: { identify: identify() },
  })
}

/** Signs packages of ten publishers, one release each. */
const signPackages = async (): Promise<Entry[]> => {
  const entries: Entry[] = []
  for (let number = 1; number <= 10; number += 1) {
    const publisher = await createTestPublisher(number)
    entries.push(toEntry(await publisher.identityEntry()))
    for (let n = number - 1; n < packages; n += 10) {
      const slug = `package-${n}`
      const release = await publisher.release(slug, '1.0.0', { description: `The package ${n} of many.` })
      const head = await publisher.head(slug, 1, [{ version: '1.0.0', release: release.release.hash }])
      entries.push(...head.map(toEntry), toEntry(release))
    }
  }
  return entries
}
