import { randomBytes } from 'node:crypto'
import type { Entry } from '../../workers/protocol/entry.ts'
import { createRegistry, type Registry } from '../../workers/registry/registry.ts'
import { webCrypto } from '../../workers/stack/web-crypto.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { runInitiator, runResponder } from '../../workers/sync/exchange.ts'
import { createReplica, type Replica, type SyncCatalogue } from '../../workers/sync/replica.ts'
import { createChannels, createTestCatalogue } from '../../workers/testing/test-catalogue.ts'
import { createTestPublisher, toEntry } from '../../workers/testing/test-publisher.ts'
import type { Figure } from '../lib/measurement.ts'
import { connectOverWebSocket } from './web-socket.ts'

/**
 * Both sides run in this thread, so times include the work of both, and the longest block is that of the busier side.
 * Unsigned entries measure transport alone; signed entries are verified by a real registry over a store in memory.
 */
const sizes = [1_000, 10_000, 100_000]
const differences = [0, 10, 1_000]
const runs = 5
const signedRuns = 3

/** Size of a typical release (bytes), of which two thirds do not compress. */
const entryBytes = 308
const noiseBytes = 200

export const suite = async function* (log: (line: string) => void): AsyncGenerator<Figure> {
  for (const size of sizes) {
    const common = Array.from({ length: size }, makeEntry)
    const left = createTestCatalogue(common)
    const right = createTestCatalogue(common)
    const index = async (catalogue: SyncCatalogue): Promise<Replica> => {
      const replica = createReplica(catalogue, webCrypto)
      await replica.settle()
      return replica
    }
    // Sequential, because a worker builds one index.
    const builds = [await watched(() => index(left.catalogue)), await watched(() => index(right.catalogue))] as const
    const [leftReplica, rightReplica] = [builds[0].value, builds[1].value]
    const longest = builds.map((build) => build.longest)
    yield { scenario: `${size} entries: index built`, unit: 'ms', samples: builds.map(({ took }) => took) }
    yield { scenario: `${size} entries: index, longest block`, unit: 'ms', samples: longest, target: 50 }

    for (const difference of differences) {
      const measured: Measured[] = []
      for (let run = 0; run < runs; run++) {
        // Half of the differences are on either side.
        for (let n = 0; n < difference; n++) (n % 2 === 0 ? left : right).put(makeEntry())
        measured.push(await exchange(leftReplica, rightReplica))
      }
      const name = `${size} entries, ${difference} differ`
      yield* figuresOf(name, measured, difference === 0 ? { bytes: 400 } : {})
    }
  }

  log('10,000 entries to an empty peer: transport only')
  const many = createTestCatalogue(Array.from({ length: 10_000 }, makeEntry))
  const full = createReplica(many.catalogue, webCrypto)
  await full.settle()
  const transport: Measured[] = []
  for (let run = 0; run < runs; run++) {
    const empty = createReplica(createTestCatalogue([]).catalogue, webCrypto)
    transport.push(await exchange(empty, full))
  }
  yield* figuresOf('10000 unsigned entries to an empty peer', transport, { isWindowed: true })

  log('signing 10,000 entries')
  const signed = await signEntries()
  const source = newRegistry()
  await source.ingest(signed, { from: 'bench' })
  const sourceReplica = createReplica(catalogueOf(source), webCrypto)
  await sourceReplica.settle()

  const alone: number[] = []
  for (let run = 0; run < signedRuns; run++) {
    const registry = newRegistry()
    alone.push((await watched(() => registry.ingest(signed, { from: 'bench' }))).took / 1000)
  }
  yield { scenario: `${signed.length} signed entries: ingest alone`, unit: 's', samples: alone }

  const whole: Measured[] = []
  for (let run = 0; run < signedRuns; run++) {
    const registry = newRegistry()
    whole.push(await exchange(createReplica(catalogueOf(registry), webCrypto), sourceReplica))
    if (registry.size() !== source.size()) throw new Error('Entries are missing.')
  }
  yield* figuresOf(`${signed.length} signed entries to an empty peer`, whole, { isWindowed: true, ms: 10_000 })

  log('the same between two libp2p nodes over a WebSocket')
  const overSocket: number[] = []
  const blocks: number[] = []
  const equal: number[] = []
  for (let run = 0; run < signedRuns; run++) {
    const registry = newRegistry()
    const { value, longest } = await watched(() =>
      connectOverWebSocket(catalogueOf(source), catalogueOf(registry), () => registry.size() === source.size()),
    )
    overSocket.push(value.tookMs / 1000)
    equal.push(value.equalMs)
    blocks.push(longest)
  }
  const target = { target: 10 }
  yield { scenario: 'signed, over a WebSocket: dial to all there', unit: 's', samples: overSocket, ...target }
  yield { scenario: 'signed, over a WebSocket: longest block', unit: 'ms', samples: blocks, target: 50 }
  yield { scenario: 'over a WebSocket: nothing has changed', unit: 'ms', samples: equal }
}

interface Measured {
  took: number
  longest: number
  bytes: number
  roundTrips: number
}

const exchange = async (left: Replica, right: Replica): Promise<Measured> => {
  const channels = createChannels()
  const { took, longest } = await watched(() =>
    Promise.all([runInitiator(channels.left, left, 'right'), runResponder(channels.right, right, 'left')]),
  )
  return { took, longest, bytes: channels.count.bytes, roundTrips: channels.count.crossings / 2 }
}

/** Set `isWindowed` for a stream of batches, which does not wait for its acknowledgements, so round trips do not count. */
function* figuresOf(
  name: string,
  measured: readonly Measured[],
  targets: { bytes?: number; ms?: number; isWindowed?: boolean } = {},
): Generator<Figure> {
  const bytes = targets.bytes === undefined ? {} : { target: targets.bytes }
  yield { scenario: `${name}: both ways`, unit: 'B', samples: measured.map((each) => each.bytes), ...bytes }
  if (targets.isWindowed !== true)
    yield { scenario: `${name}: round trips`, unit: 'n', samples: measured.map(({ roundTrips }) => roundTrips) }
  const ms = targets.ms === undefined ? {} : { target: targets.ms }
  yield { scenario: `${name}: time`, unit: 'ms', samples: measured.map(({ took }) => took), ...ms }
  yield { scenario: `${name}: longest block`, unit: 'ms', samples: measured.map(({ longest }) => longest), target: 50 }
}

/**
 * Measures a task: its duration and the longest block (ms), which is the processor time of this thread between two turns
 * of the event loop. Time that other programs take from the cores does not count.
 */
const watched = async <T>(task: () => Promise<T>): Promise<{ value: T; took: number; longest: number }> => {
  let longest = 0
  let latest = computedMs()
  const sample = (): void => {
    const now = computedMs()
    longest = Math.max(longest, now - latest)
    latest = now
  }
  // A millisecond is shorter than any block that matters.
  const timer = setInterval(sample, 1)
  await new Promise((resolve) => setTimeout(resolve, 5))
  longest = 0
  latest = computedMs()
  const start = performance.now()
  try {
    const value = await task()
    const took = performance.now() - start
    sample()
    return { value, took, longest }
  } finally {
    clearInterval(timer)
  }
}

const computedMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const makeEntry = (): Entry => {
  const bytes = new Uint8Array(entryBytes)
  bytes.set(randomBytes(noiseBytes))
  return { kind: 'release', bytes }
}

const newRegistry = (): Registry => createRegistry({ store: createMemoryStore(), crypto: webCrypto, onChange() {} })

const catalogueOf = (registry: Registry): SyncCatalogue => ({
  watchIds: registry.watchEntryIds,
  entries: registry.entriesById,
  ingest: (entries, from) => registry.ingest(entries, { from }),
})

/** Signs the entries of 50 publishers with 100 packages of one release each. */
const signEntries = async (): Promise<Entry[]> => {
  const entries: Entry[] = []
  for (let number = 1; number <= 50; number++) {
    const publisher = await createTestPublisher(number)
    entries.push(toEntry(await publisher.identityEntry()))
    for (let n = 0; n < 100; n++) {
      const slug = `package-${number}-${n}`
      const root = new Uint8Array(randomBytes(32))
      const release = await publisher.release(slug, '1.0.0', { root, description: `The package ${slug}.` })
      const head = await publisher.head(slug, 1, [{ version: '1.0.0', release: release.release.hash }])
      entries.push(...head.map(toEntry), toEntry(release))
    }
  }
  return entries
}
