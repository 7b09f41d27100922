import { type ChildProcess, fork } from 'node:child_process'
import type { Stream } from '@libp2p/interface'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { KAD_PROTOCOL, PIECE_PROTOCOL, QUERY_PROTOCOL, SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { startSync } from '../sync/sync.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { rowsOf } from './engine-records.ts'
import { createForger, entriesOf } from './forged-records.ts'
import { type GarbageKind, garbageKinds, pour } from './garbage.ts'
import { createHostileNodes, type HostileNode } from './hostile-nodes.ts'
import type { HostileOrder, HostileReport } from './hostile-process.ts'
import { catalogueOf } from './hostile-sync.ts'
import { collectGarbage } from './leaked-bytes.ts'
import { createEngineNetwork, type EnginePeer } from './network.ts'
import { createTestNetwork, until } from './relay-network.ts'

/**
 * Ten megabytes of garbage on each protocol: memory stays bounded, stored data stays, a peer that violates one of our
 * protocols is disconnected with a named failure, and the node still serves others.
 */

const engines = createEngineNetwork({ webSockets: true })
const hostiles = createHostileNodes()
const relays = createTestNetwork()
afterEach(async () => {
  await Promise.all([engines.stopAll(), hostiles.stopAll(), relays.stopAll()])
})

/** Each test sends up to 40 MB through encryption on a busy machine. */
const testMs = 120_000

/** Limit of memory kept afterwards (bytes): a node that keeps what it received holds five times as much. */
const maxKeptBytes = 2_000_000

/** Limit of memory used meanwhile (bytes), after garbage collection: a few of the largest frames and messages. */
const maxPeakBytes = 60_000_000

/** Interval between memory samples (ms); each sample runs the garbage collector. */
const sampleMs = 50

const kept = (): number => {
  collectGarbage()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

/**
 * Runs `work` and waits until its buffers are released.
 * @returns the peak growth of memory (bytes).
 */
const peakGrowth = async (what: string, work: () => Promise<unknown>): Promise<number> => {
  const before = kept()
  let most = before
  const sampling = setInterval(() => {
    most = Math.max(most, kept())
  }, sampleMs)
  try {
    await work()
    most = Math.max(most, kept())
    await until(`buffers are released: ${what}`, () => kept() - before < maxKeptBytes)
    return most - before
  } finally {
    clearInterval(sampling)
  }
}

interface Scene {
  engine: EnginePeer
  honest: EnginePeer
  /** Sync exchanges that failed at the honest peer. */
  failedExchanges: unknown[]
}

const setScene = async (): Promise<Scene> => {
  const [engine, honest, publisher] = await Promise.all([
    engines.start('victim'),
    engines.start('honest'),
    createForger('publisher'),
  ])
  await engine.publish('own', '1.0.0', { 'a.txt': new Uint8Array(1000) })
  await engine.storage.registry.ingest(entriesOf(await publisher.release('known', '1.0.0')), { from: 'test' })
  const failedExchanges: unknown[] = []
  honest.network.onChange(() => {
    const { exchange } = honest.network.status()
    if (exchange.kind === 'failed') failedExchanges.push(exchange)
  })
  return { engine, honest, failedExchanges }
}

const meet = async (engine: EnginePeer, hostile: HostileNode): Promise<void> => {
  if (!hostile.isConnectedTo(engine.id)) await engine.meet(hostile)
  await until('the hostile peer has seen the connection', () => hostile.isConnectedTo(engine.id))
}

/** Expects that the engine and an honest peer still sync and install from each other. */
const expectWorks = async ({ engine, honest, failedExchanges }: Scene): Promise<void> => {
  await engine.meet(honest)
  const { id } = await honest.publish('honest', '1.0.0', { 'a.txt': new TextEncoder().encode('honest') })
  await until('both have the packages of both', () => {
    engine.network.sync.syncNow()
    return engine.storage.registry.get(id)?.latest !== undefined && honest.storage.registry.size() === 3
  })
  await engine.install([id])
  expect(engine.storage.library.get(id, '1.0.0')).toBeDefined()
  expect(failedExchanges).toEqual([])
}

const identify = '/ipfs/id/1.0.0'
const protocols = [
  SYNC_PROTOCOL,
  PIECE_PROTOCOL,
  QUERY_PROTOCOL,
  KAD_PROTOCOL,
  '/meshsub/1.2.0',
  identify,
  '/ipfs/id/push/1.0.0',
  '/ipfs/ping/1.0.0',
]

describe('10 MB of garbage from another process', () => {
  let child: ChildProcess

  const next = (): Promise<HostileReport> => new Promise((resolve) => child.once('message', resolve))

  const tell = async (order: HostileOrder): Promise<HostileReport> => {
    const report = next()
    child.send(order)
    const said = await report
    if ('refused' in said) throw new Error(said.refused)
    return said
  }

  beforeAll(async () => {
    child = fork(new URL('./hostile-process.ts', import.meta.url), { execArgv: [] })
    await next()
  })
  afterAll(async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.disconnect()
    await gone
  })

  it.each(protocols)(
    'on %s is bounded in memory and changes nothing',
    async (protocol) => {
      const scene = await setScene()
      const { engine } = scene
      const before = await rowsOf(engine)
      for (const kind of garbageKinds) {
        // A new peer each time, because a disconnected one is not accepted again.
        const appeared = await tell('appear')
        await engine.meet({ address: 'address' in appeared ? appeared.address : '' })
        // It rejects if the stream could not be opened, which would prove nothing.
        const most = await peakGrowth(kind, () => tell({ peer: engine.id, protocol, kind }))
        expect.soft(most, `${kind}: bytes taken`).toBeLessThan(maxPeakBytes)
        expect.soft(await rowsOf(engine), kind).toEqual(before)
      }
      await expectWorks(scene)
    },
    testMs,
  )
})

describe('10 MB of garbage before any handshake', () => {
  it(
    'is bounded in memory at the relay, which serves others',
    async () => {
      const relay = await relays.startRelay()
      const [, , host, , port] = relay.addressFor(undefined).split('/')
      const most = await peakGrowth('garbage for the relay', async () => {
        const socket = new WebSocket(`ws://${host}:${port}/`)
        await new Promise((resolve, reject) => {
          socket.onopen = resolve
          socket.onerror = reject
        })
        const closed = new Promise((resolve) => socket.addEventListener('close', resolve))
        const chunk = new Uint8Array(60_000).fill(0xff)
        for (let sent = 0; sent < 10_000_000; sent += chunk.length) socket.send(chunk)
        await closed
      })
      expect(most).toBeLessThan(maxPeakBytes)
      const node = await relays.startTab([relay.addressFor(undefined)])
      await until('a tab is served', () => node.keeper.steps().reservation.state === 'ok')
    },
    testMs,
  )
})

describe('the failure of garbage has a name', () => {
  it.each(garbageKinds)(
    'on sync: %s',
    async (kind) => {
      const [honest, hostile] = await Promise.all([hostiles.start(), hostiles.start()])
      const outcomes: unknown[] = []
      const sync = await startSync({
        telemetry: noTelemetry,
        directComes: false,
        node: honest.node,
        catalogue: await catalogueOf([]),
        sha256: webCrypto.sha256,
        openStream: honest.open,
        onExchange: (_, outcome) => outcomes.push(outcome),
        random: Math.random,
      })
      await honest.dial(hostile)
      await until('it is connected', () => hostile.isConnectedTo(honest.id))
      await pour(await hostile.open(honest.id, SYNC_PROTOCOL), kind)
      await until('the exchange has ended', () => outcomes.length > 0)
      expect(outcomes[0]).toMatchObject({ failure: { name: expect.stringMatching(/^Record(Malformed|TooLarge)$/) } })
      await sync.stop()
    },
    testMs,
  )

  it.each([SYNC_PROTOCOL, PIECE_PROTOCOL, QUERY_PROTOCOL])(
    'and whoever sent it on %s is dropped',
    async (protocol) => {
      const scene = await setScene()
      for (const kind of garbageKinds) {
        const hostile = await hostiles.start()
        await meet(scene.engine, hostile)
        await pour(await hostile.open(scene.engine.id, protocol), kind)
        await until(`it is disconnected after ${kind}`, () => !hostile.isConnectedTo(scene.engine.id))
      }
      await expectWorks(scene)
    },
    testMs,
  )
})

describe('10 MB of garbage as an answer', () => {
  const answered: GarbageKind[] = ['noise', 'a length without end']

  it.each([SYNC_PROTOCOL, identify].flatMap((protocol) => answered.map((kind) => [protocol, kind] as const)))(
    'on %s: %s',
    async (protocol, kind) => {
      const scene = await setScene()
      const { engine } = scene
      const hostile = await hostiles.start()
      const before = await rowsOf(engine)
      const most = await peakGrowth(kind, async () => {
        const done = Promise.withResolvers<number>()
        const answer = (stream: Stream): Promise<void> => pour(stream, kind).then(done.resolve)
        await hostile.node.handle(protocol, answer, { force: true })
        await meet(engine, hostile)
        // Which side starts an exchange depends on the ids, so the request repeats until one has started.
        const asking = setInterval(() => engine.network.sync.syncNow(), 50)
        expect(await done.promise).toBeGreaterThan(0)
        clearInterval(asking)
        await hostile.node.stop()
        await until('the connection is gone', () => engine.network.peers.list().length === 0)
      })
      expect(most).toBeLessThan(maxPeakBytes)
      expect(await rowsOf(engine)).toEqual(before)
      await expectWorks(scene)
    },
    testMs,
  )

  it(
    'instead of pieces: another provider is used, and the hostile peer is disconnected',
    async () => {
      const scene = await setScene()
      const { engine, honest } = scene
      const hostile = await hostiles.start()
      let requests = 0
      await hostile.node.handle(PIECE_PROTOCOL, (stream) => {
        requests += 1
        void pour(stream, 'noise')
      })
      const { id } = await honest.publish('large', '1.0.0', { 'big.bin': new Uint8Array(3_000_000).fill(9) })
      await meet(engine, hostile)
      await engine.meet(honest)
      await until('the package is known', () => {
        engine.network.sync.syncNow()
        return engine.storage.registry.get(id)?.latest !== undefined
      })
      await engine.install([id])
      expect(requests).toBeGreaterThan(0)
      await until('the hostile peer is disconnected', () => !hostile.isConnectedTo(engine.id))
      expect(engine.storage.library.get(id, '1.0.0')?.files).toHaveLength(2)
    },
    testMs,
  )
})
