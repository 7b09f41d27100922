import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Stream } from '@libp2p/interface'
import { afterEach, describe, expect, it } from 'vitest'
import { failureNames } from '../contract/failures.ts'
import { KAD_PROTOCOL, PACKAGES_TOPIC, PIECE_PROTOCOL, SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { createForger, entriesOf } from './forged-records.ts'
import { createHostileNetwork, dial, type Hostile, type Stand, type TestEngine } from './hostile-peers.ts'
import { until } from './network.ts'

/**
 * Ten megabytes of garbage on each protocol: memory stays bounded, the stream or the connection ends, nothing that was
 * here changes, and the node still answers others.
 */

const network = createHostileNetwork()
afterEach(network.stopAll)

const garbageBytes = 10_000_000
const chunkBytes = 60_000

/** Held after the garbage went by, bytes: a node that keeps what it was sent would have ten times as much. */
const mayKeepBytes = 2_000_000

/**
 * Held while it goes by, in this process, which is both ends: buffers of two sockets, of encryption and of one yamux
 * window (256 KiB at first) on each side, and what waits for the collector.
 */
const mayTakeBytes = 40_000_000

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const heldBytes = (): number => {
  collect()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return arrayBuffers + heapUsed
}

const gossip = '/meshsub/1.2.0'
const identify = '/ipfs/id/1.0.0'
const identifyPush = '/ipfs/id/push/1.0.0'
const ping = '/ipfs/ping/1.0.0'

const protocols = [SYNC_PROTOCOL, PIECE_PROTOCOL, KAD_PROTOCOL, gossip, identify, identifyPush, ping]

/** Chunks of a stream of garbage, the first one told apart: it is read as a length. */
const kinds: Record<string, (at: number) => Uint8Array> = {
  noise: (at) => {
    const chunk = new Uint8Array(chunkBytes)
    let state = at + 1
    for (let index = 0; index < chunk.length; index += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      chunk[index] = state >>> 24
    }
    return chunk
  },
  // A frame of 10,000,000 bytes.
  'one huge frame': (at) =>
    at === 0 ? Uint8Array.of(0x80, 0xad, 0xe2, 0x04, ...new Uint8Array(100)) : new Uint8Array(chunkBytes).fill(0x61),
  'a length without end': () => new Uint8Array(chunkBytes).fill(0xff),
  // Frames of one byte, each of which is no message.
  'tiny frames': () => new Uint8Array(chunkBytes).fill(0x01),
}

interface Scene {
  engine: TestEngine
  hostile: Hostile
  stand: Stand
}

const setScene = async (): Promise<Scene> => {
  const [engine, stand, hostile, publisher] = await Promise.all([
    network.startEngine('victim'),
    network.startStand('honest'),
    network.startHostile(),
    createForger('publisher'),
  ])
  await engine.publish('own', '1.0.0', { 'a.txt': new Uint8Array(1000) })
  await engine.registry.ingest(entriesOf(await publisher.release('known', '1.0.0')), { from: 'test' })
  return { engine, hostile, stand }
}

const meet = async ({ engine, hostile }: Scene): Promise<void> => {
  if (!hostile.isConnectedTo(engine.id)) await engine.network.connect(hostile.address)
  await until('the hostile peer has seen the connection', () => hostile.isConnectedTo(engine.id))
}

/** Sends until all is sent or the other side has enough: it ended the stream, or takes no more. */
const pour = async (stream: Stream, chunkAt: (at: number) => Uint8Array, sample: () => void): Promise<void> => {
  // What is echoed is read and thrown away, so that it is not this side that holds it.
  stream.addEventListener('message', () => {})
  try {
    for (let at = 0, sent = 0; sent < garbageBytes && stream.status === 'open'; at += 1) {
      const chunk = chunkAt(at)
      sent += chunk.length
      if (!stream.send(chunk) && !(await drained(stream))) break
      if (at % 16 === 0) sample()
      await new Promise((resolve) => setImmediate(resolve))
    }
  } catch {
    // The other side has ended the stream: what it is meant to do.
  }
}

/** True when the stream takes more; false when it has ended, or takes nothing for half a second. */
const drained = (stream: Stream): Promise<boolean> =>
  Promise.race([
    stream.onDrain({ signal: AbortSignal.timeout(500) }).then(
      () => true,
      () => false,
    ),
    closed(stream).then(() => false),
  ])

const closed = (stream: Stream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.status !== 'open') resolve()
    stream.addEventListener('close', () => resolve(), { once: true })
  })

/** An honest peer is heard, and the engine serves it in turn. */
const expectWorks = async ({ engine, stand }: Scene): Promise<void> => {
  await engine.network.connect(stand.address)
  const { id } = await stand.publish('honest', '1.0.0', { 'a.txt': new TextEncoder().encode('honest') })
  await stand.announce(id)
  await until('the honest package is known, and the engine’s own is there', () => {
    engine.network.syncNow()
    return engine.registry.get(id)?.latest !== undefined && stand.registry.size() === 3
  })
  await engine.installs.install([id])
  expect(engine.library.get(id, '1.0.0')).toBeDefined()
  expect(stand.exchanges.filter(({ failure }) => failure !== undefined)).toEqual([])
}

describe.each(protocols)('10 MB of garbage on %s', (protocol) => {
  it('is bounded in memory, changes nothing, and the node answers others', async () => {
    const scene = await setScene()
    const { engine, hostile } = scene
    await meet(scene)
    const before = await engine.rows()
    const keptBefore = heldBytes()
    let most = 0
    const sample = (): void => {
      const { arrayBuffers } = process.memoryUsage()
      most = Math.max(most, arrayBuffers)
    }
    const streams: Stream[] = []
    for (const [kind, chunkAt] of Object.entries(kinds)) {
      await meet(scene)
      const stream = await hostile.open(engine.id, protocol).catch(() => undefined)
      // One stream of a kind is all that gossip takes; its own is the one that is there.
      if (stream === undefined) continue
      streams.push(stream)
      await pour(stream, chunkAt, sample)
      expect.soft(heldBytes() - keptBefore, `${kind}: bytes held after`).toBeLessThan(mayKeepBytes)
    }
    expect(streams.length).toBeGreaterThan(0)
    expect(most - keptBefore).toBeLessThan(mayTakeBytes)
    expect(await engine.rows()).toEqual(before)
    await expectWorks(scene)
  })
})

describe('the failure of garbage has a name', () => {
  it.each(Object.entries(kinds))('on the exchange of catalogues: %s', async (_kind, chunkAt) => {
    const [stand, hostile] = await Promise.all([network.startStand('honest'), network.startHostile()])
    await dial(stand.node, hostile.address)
    await until('it is connected', () => hostile.isConnectedTo(stand.id))
    const count = stand.exchanges.length
    await pour(await hostile.open(stand.id, SYNC_PROTOCOL), chunkAt, () => {})
    await until('the exchange has ended', () => stand.exchanges.length > count)
    expect(['RecordMalformed', 'RecordTooLarge']).toContain(stand.exchanges[count]?.failure)
    expect(failureNames).toContain(stand.exchanges[count]?.failure)
  })

  it.each([SYNC_PROTOCOL, PIECE_PROTOCOL])('and whoever sent it on %s is dropped', async (protocol) => {
    const scene = await setScene()
    for (const [kind, chunkAt] of Object.entries(kinds)) {
      await meet(scene)
      await pour(await scene.hostile.open(scene.engine.id, protocol), chunkAt, () => {})
      await until(`it is dropped after ${kind}`, () => !scene.hostile.isConnectedTo(scene.engine.id))
    }
    await expectWorks(scene)
  })
})

describe('10 MB of garbage as an answer', () => {
  it.each([SYNC_PROTOCOL, identify])('on %s', async (protocol) => {
    const scene = await setScene()
    const { engine, hostile } = scene
    const poured = Promise.withResolvers<number>()
    await hostile.node.handle(
      protocol,
      (stream) => pour(stream, kinds['noise'] ?? (() => new Uint8Array()), () => {}).then(poured.resolve),
      {
        force: true,
      },
    )
    const before = await engine.rows()
    const keptBefore = heldBytes()
    await meet(scene)
    const asking = setInterval(() => engine.network.syncNow(), 50)
    await poured.promise
    clearInterval(asking)
    expect(heldBytes() - keptBefore).toBeLessThan(mayKeepBytes)
    expect(await engine.rows()).toEqual(before)
    await expectWorks(scene)
  })

  it('on the pieces of a package: another peer is asked, and the liar is dropped', async () => {
    const scene = await setScene()
    const { engine, hostile, stand } = scene
    let asked = 0
    await hostile.node.handle(PIECE_PROTOCOL, (stream) => {
      asked += 1
      void pour(stream, kinds['noise'] ?? (() => new Uint8Array()), () => {})
    })
    const { id } = await stand.publish('large', '1.0.0', { 'big.bin': new Uint8Array(3_000_000).fill(9) })
    await meet(scene)
    await engine.network.connect(stand.address)
    await until('the package is known', () => {
      engine.network.syncNow()
      return engine.registry.get(id)?.latest !== undefined
    })
    await engine.installs.install([id])
    expect(asked).toBeGreaterThan(0)
    await until('the liar is dropped', () => !hostile.isConnectedTo(engine.id))
    expect(engine.library.get(id, '1.0.0')?.files).toHaveLength(2)
    expect(stand.node.services.pubsub.getSubscribers(PACKAGES_TOPIC).map(String)).toContain(engine.id)
  })
})
