import type { Stream } from '@libp2p/interface'
import { afterEach, expect, test } from 'vitest'
import { createDhtHeads } from '../../dht/dht-heads.ts'
import { createKadRpc } from '../../dht/kad-rpc.ts'
import { createRoundTrips } from '../../dht/round-trips.ts'
import { encodeDhtValue } from '../../protocol/dht-value.ts'
import { headKey, packageId } from '../../protocol/ids.ts'
import { KAD_PROTOCOL, PACKAGES_TOPIC, PIECE_PROTOCOL, SYNC_PROTOCOL } from '../../protocol/protocols.ts'
import { noTelemetry } from '../../telemetry/no-telemetry.ts'
import { untraced } from '../../telemetry/operation.ts'
import { createForger } from '../forged-records.ts'
import { createHostileNodes, type HostileNode } from '../hostile-nodes.ts'
import { createEngineNetwork, eventually } from '../network.ts'

/** A stalled answer times out after 10 s; three kinds of bad peers at once, on a busy machine. */
const testMs = 180_000

const network = createEngineNetwork({ seed: 70 })
const hostiles = createHostileNodes(network)
const timers = new Set<ReturnType<typeof setInterval>>()
afterEach(async () => {
  for (const timer of timers) clearInterval(timer)
  timers.clear()
  await hostiles.stopAll()
  await network.stopAll()
})

const startBad = async (requests: string[], kind: string, answer: (stream: Stream) => void): Promise<HostileNode> => {
  const hostile = await hostiles.start()
  hostile.node.services.pubsub.subscribe(PACKAGES_TOPIC)
  for (const protocol of [KAD_PROTOCOL, PIECE_PROTOCOL, SYNC_PROTOCOL])
    await hostile.answer(protocol, (stream) => {
      requests.push(`${kind} ${protocol}`)
      answer(stream)
    })
  return hostile
}

const garbage = new Uint8Array(4_000).map((_, at) => (at * 197 + 11) % 256)

/** Sends unless the other side has closed the stream. */
const sendTo = (stream: Stream, bytes: Uint8Array): void => {
  if (stream.status === 'open') stream.send(bytes)
}

test(
  'peers that answer with garbage, nothing, or one byte a second are skipped, and others are queried',
  async ({ signal }) => {
    const requests: string[] = []
    const bad = await Promise.all([
      startBad(requests, 'garbage', (stream) => sendTo(stream, garbage)),
      startBad(requests, 'nothing', () => {}),
      startBad(requests, 'slow', (stream) => {
        const timer = setInterval(() => sendTo(stream, Uint8Array.of(0x80)), 1_000)
        timers.add(timer)
        stream.addEventListener('close', () => clearInterval(timer))
      }),
    ])
    const [engine, honest] = [await network.start('engine'), await network.start('honest')]
    // Large enough that all providers are queried before one has sent it.
    const bytes = new Uint8Array(12_000_000).fill(5)
    const { id } = await honest.publish('large', '1.0.0', { 'big.bin': bytes })

    // A head that is only in the DHT records of the honest peer, and in no catalogue.
    const source = await hostiles.start()
    const publisher = await createForger('publisher')
    const { identity, head } = await publisher.release('looked-up', '1.0.0')
    await source.dial(honest)
    const key = headKey(identity.publisherId, 'looked-up')
    const heads = createDhtHeads({
      telemetry: noTelemetry,
      rpc: createKadRpc(source.node, KAD_PROTOCOL),
      roundTrips: createRoundTrips(),
      verify: async () => undefined,
      now: () => performance.now(),
    })
    const put = (): Promise<number> =>
      heads.put(key, encodeDhtValue(identity, head), { operation: untraced(signal), onConfirmed() {} })
    await eventually('the honest peer keeps the head', async () => (await put()) === 1, signal)
    await source.stop()

    // The bad peers connect first and their sync exchanges are running.
    await engine.meet(...bad)
    await engine.meet(honest)
    await eventually('the catalogue arrived', async () => (await engine.search({ text: '' })).total === 1, signal)
    expect(await engine.lookup(packageId(identity.publisherId, 'looked-up'))).toMatchObject({ from: 'dht' })
    expect(await engine.lookup(packageId(identity.publisherId, 'nowhere'))).toMatchObject({ found: false })
    // Reconnects the disconnected bad peers before pieces are requested, except the one that is already banned.
    await Promise.allSettled(bad.map((each) => engine.meet(each)))
    await engine.install([id])
    expect(await engine.verify(id, '1.0.0')).toEqual({ ok: true, damaged: [] })

    // Which peers the lookups query depends on distances, which are random.
    expect(requests.filter((each) => each.endsWith(KAD_PROTOCOL))).not.toEqual([])
    for (const kind of ['nothing', 'slow']) expect(requests).toContain(`${kind} ${PIECE_PROTOCOL}`)
    // If a lookup has queried it, it is gone before a piece is requested.
    expect(requests.some((each) => each.startsWith('garbage'))).toBe(true)
    // A peer that violates one of our protocols is disconnected.
    await eventually(
      'the peer with the garbage is gone',
      async () => !(await engine.peers()).some(({ peerId }) => peerId === bad[0]?.id),
      signal,
    )
  },
  testMs,
)
