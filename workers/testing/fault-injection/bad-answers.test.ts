import type { Stream } from '@libp2p/interface'
import { afterEach, expect, test } from 'vitest'
import { createDhtHeads } from '../../dht/dht-heads.ts'
import { createKadRpc } from '../../dht/kad-rpc.ts'
import { createRoundTrips } from '../../dht/round-trips.ts'
import { encodeDhtValue } from '../../protocol/dht-value.ts'
import { headKey, packageId } from '../../protocol/ids.ts'
import { KAD_PROTOCOL, PIECE_PROTOCOL, SYNC_PROTOCOL } from '../../protocol/protocols.ts'
import { noTelemetry } from '../../telemetry/no-telemetry.ts'
import { untraced } from '../../telemetry/operation.ts'
import { createForger } from '../forged-records.ts'
import { createEngineNetwork, eventually } from '../network.ts'
import { type Rogue, startRogue } from './rogue.ts'

/** One answer that stalls is given up after 10 s; three kinds of bad peers at once, on a busy machine. */
const testMs = 180_000

const network = createEngineNetwork({ seed: 70 })
const rogues: Rogue[] = []
const timers = new Set<ReturnType<typeof setInterval>>()
afterEach(async () => {
  for (const timer of timers) clearInterval(timer)
  timers.clear()
  await Promise.all(rogues.splice(0).map((rogue) => rogue.stop()))
  await network.stopAll()
})

const startBad = async (asked: string[], kind: string, answer: (stream: Stream) => void): Promise<Rogue> => {
  const rogue = await startRogue(network)
  rogues.push(rogue)
  for (const protocol of [KAD_PROTOCOL, PIECE_PROTOCOL, SYNC_PROTOCOL])
    await rogue.answer(protocol, (stream) => {
      asked.push(`${kind} ${protocol}`)
      answer(stream)
    })
  return rogue
}

const garbage = new Uint8Array(4_000).map((_, at) => (at * 197 + 11) % 256)

/** Sends, unless the other side has ended the stream, which it may. */
const sendTo = (stream: Stream, bytes: Uint8Array): void => {
  if (stream.status === 'open') stream.send(bytes)
}

test(
  'peers that answer with garbage, with nothing, or a byte a second are passed over: others are asked',
  async ({ signal }) => {
    const asked: string[] = []
    const bad = await Promise.all([
      startBad(asked, 'garbage', (stream) => sendTo(stream, garbage)),
      startBad(asked, 'nothing', () => {}),
      startBad(asked, 'slow', (stream) => {
        const timer = setInterval(() => sendTo(stream, Uint8Array.of(0x80)), 1_000)
        timers.add(timer)
        stream.addEventListener('close', () => clearInterval(timer))
      }),
    ])
    const [engine, honest] = [await network.start('engine'), await network.start('honest')]
    // So large that all who may have it are asked before one has sent it.
    const bytes = new Uint8Array(12_000_000).fill(5)
    const { id } = await honest.publish('large', '1.0.0', { 'big.bin': bytes })

    // A head that only the honest peer has in its DHT, and nobody in a catalogue.
    const source = await startRogue(network)
    rogues.push(source)
    const publisher = await createForger('publisher')
    const { identity, head } = await publisher.release('looked-up', '1.0.0')
    await source.meet(honest)
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

    // The bad ones are there first, and the exchange of catalogues with them is under way.
    await engine.meet(...bad)
    await engine.meet(honest)
    await eventually('the catalogue came', async () => (await engine.search({ text: '' })).total === 1, signal)
    expect(await engine.lookup(packageId(identity.publisherId, 'looked-up'))).toMatchObject({ from: 'dht' })
    expect(await engine.lookup(packageId(identity.publisherId, 'nowhere'))).toMatchObject({ found: false })
    // Those that were left are there again when pieces are wanted, but for the one that was found out already.
    await Promise.allSettled(bad.map((each) => engine.meet(each)))
    await engine.install([id])
    expect(await engine.verify(id, '1.0.0')).toEqual({ ok: true, damaged: [] })

    // Whom the lookups ask depends on distances, which are random.
    expect(asked.filter((each) => each.endsWith(KAD_PROTOCOL))).not.toEqual([])
    for (const kind of ['nothing', 'slow']) expect(asked).toContain(`${kind} ${PIECE_PROTOCOL}`)
    // It is gone before anybody wants a piece of it where a lookup has asked it.
    expect(asked.some((each) => each.startsWith('garbage'))).toBe(true)
    // Who answered a protocol of ours with what is none of it is left.
    await eventually(
      'the one with the garbage is gone',
      async () => !(await engine.peers()).some(({ peerId }) => peerId === bad[0]?.id),
      signal,
    )
  },
  testMs,
)
