import { openPeer } from '../../e2e/fixtures/peer.ts'
import { startRelay } from '../../e2e/fixtures/relay.ts'
import { createRegistry, type Registry } from '../../workers/registry/registry.ts'
import { webCrypto } from '../../workers/stack/web-crypto.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { startSync } from '../../workers/sync/sync.ts'
import { noTelemetry } from '../../workers/telemetry/no-telemetry.ts'
import { createTestNetwork, type TestNode, until } from '../../workers/testing/relay-network.ts'
import { launchBrowser } from '../lib/browsers.ts'
import type { Figure } from '../lib/measurement.ts'
import { watchBrowserHeap } from './browser-heap.ts'
import { signPackages } from './catalogue.ts'
import { measureGrowth } from './growth.ts'
import { heapMegabytes } from './heap.ts'

/** `MEMORY_NODES=20 MEMORY_PACKAGES=1000` for less. */
const nodes = Number(process.env['MEMORY_NODES'] ?? 40)
const packages = Number(process.env['MEMORY_PACKAGES'] ?? 10_000)
const peers = 10

/** Nodes started between two measurements of the heap. */
const nodesAtOnce = 5
/** Direct peers that each node must have before the measurement, or all if there are fewer. */
const connectionsEach = 4
const takes = 5
const waitMs = 120_000
const bytesPerMb = 1e6

/** Memory of nodes and pages. */
export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  yield* measureGrowth(log)
  yield* measureNodes(log)
  yield* measurePage(log)
}

/** Measures nodes like those of tabs, without WebRTC and catalogue, in this process; their relay is in another. */
const measureNodes = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  const relay = await startRelay()
  const network = createTestNetwork()
  try {
    log(`${nodes} nodes in this process, each with at least ${connectionsEach} direct peers`)
    const tabs: TestNode[] = []
    const samples: number[] = []
    // The first nodes load the code and are not counted.
    for (let before = Number.NaN; tabs.length < nodes; ) {
      for (let n = 0; n < nodesAtOnce; n++) tabs.push(await network.startTab([relay.relay]))
      const enough = Math.min(connectionsEach, tabs.length - 1)
      const areConnected = (): boolean => tabs.every(({ pool }) => pool.directPeers().length >= enough)
      await until('every node has its peers', areConnected, waitMs)
      const now = heapMegabytes()
      if (!Number.isNaN(before)) samples.push((now - before) / nodesAtOnce)
      before = now
    }
    yield { scenario: 'a node in the harness', unit: 'MB', samples }
  } finally {
    await network.stopAll()
    await relay.stop()
  }
}

/** Measures a real page with a real relay whose peers are nodes of this process; one of them has the catalogue. */
const measurePage = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  log(`signing ${packages} packages`)
  const registry = createRegistry({ store: createMemoryStore(), crypto: webCrypto, onChange() {} })
  await registry.ingest(await signPackages(packages), { from: 'bench' })
  const relay = await startRelay()
  const network = createTestNetwork()
  const stops: (() => Promise<void>)[] = [relay.stop, network.stopAll]
  try {
    const browser = await launchBrowser()
    stops.push(() => browser.close())
    const { page, status } = await openPeer(await browser.newContext(), `${relay.page}/`)
    const heap = await watchBrowserHeap(page)
    const isOnline = async (): Promise<boolean> => (await status()).online
    while (!(await isOnline())) await pause()
    yield* figuresOf('page without packages and peers', await measure(heap))

    log(`${peers} peers, and the catalogue from one of them`)
    for (let n = 0; n < peers; n++) {
      const node = await network.startTab([])
      if (n === 0) stops.push(await serve(node, registry))
      const address = node.libp2p.getMultiaddrs()[0]?.toString() ?? ''
      await page.evaluate((address) => window.ggen.connect(address), address)
    }
    const isThere = async (): Promise<boolean> => {
      const { catalogueSize, directConnections } = await status()
      return catalogueSize >= packages && directConnections >= peers
    }
    for (const end = performance.now() + waitMs; !(await isThere()); await pause())
      if (performance.now() > end) throw new Error(`Not complete after ${waitMs} ms: ${JSON.stringify(await status())}`)
    const target = { target: 200 }
    yield* figuresOf(`page with ${packages} packages and ${peers} peers`, await measure(heap), target)
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

type Heap = Awaited<ReturnType<typeof watchBrowserHeap>>
type Taken = Awaited<ReturnType<Heap['measure']>>

const measure = async (heap: Heap): Promise<Taken[]> => {
  const taken: Taken[] = []
  while (taken.length < takes) {
    await pause()
    taken.push(await heap.measure())
  }
  if (taken.some(({ workers }) => workers !== 1)) throw new Error('The page’s worker was not measured.')
  return taken
}

/** Target for page and worker together. */
function* figuresOf(name: string, taken: readonly Taken[], target: { target?: number } = {}): Generator<Figure> {
  const inMb = (bytesOf: (take: Taken) => number): number[] => taken.map((take) => bytesOf(take) / bytesPerMb)
  yield { scenario: `${name}: its thread`, unit: 'MB', samples: inMb((take) => take.pageBytes) }
  yield { scenario: `${name}: its worker`, unit: 'MB', samples: inMb((take) => take.workerBytes) }
  const both = inMb((take) => take.pageBytes + take.workerBytes)
  yield { scenario: `${name}: both`, unit: 'MB', samples: both, ...target }
}

/** Starts sync on a node; resolves with a function that stops it. */
const serve = async ({ libp2p }: TestNode, registry: Registry): Promise<() => Promise<void>> => {
  const sync = await startSync({
    telemetry: noTelemetry,
    directComes: false,
    node: libp2p,
    catalogue: {
      watchIds: registry.watchEntryIds,
      entries: registry.entriesById,
      ingest: (entries, from) => registry.ingest(entries, { from }),
    },
    sha256: webCrypto.sha256,
    async openStream(peer, protocol, { signal }) {
      const connection = libp2p.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
      if (connection === undefined) throw new Error('not connected')
      return connection.newStream(protocol, { signal })
    },
    onExchange() {},
    random: Math.random,
  })
  return () => sync.stop()
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 200))
