import { afterEach, expect, test } from 'vitest'
import { peerRecordCodec } from '../../peers/record.ts'
import { encodeDhtValue } from '../../protocol/dht-value.ts'
import { headKey, packageId } from '../../protocol/ids.ts'
import { PACKAGES_TOPIC } from '../../protocol/protocols.ts'
import { announcementOf, createForger, entriesOf, type Forger, type State, signedBy } from '../forged-records.ts'
import { createEngineNetwork, type EnginePeer, eventually } from '../network.ts'
import { type Rogue, startRogue } from './rogue.ts'

/** What each protocol does with such records one by one is in hostile-records.test.ts; here is what becomes of the sender. */

const testMs = 120_000

const network = createEngineNetwork({ seed: 40 })
const rogues: Rogue[] = []
afterEach(async () => {
  await Promise.all(rogues.splice(0).map((rogue) => rogue.stop()))
  await network.stopAll()
})

interface Scene {
  engine: EnginePeer
  honest: EnginePeer
  rogue: Rogue
  publisher: Forger
  known: State
  id: string
}

const setScene = async (signal: AbortSignal): Promise<Scene> => {
  const [engine, honest] = [await network.start('engine'), await network.start('honest')]
  const rogue = await startRogue(network)
  rogues.push(rogue)
  const publisher = await createForger('publisher')
  const known = await publisher.release('known', '2.0.0', 2)
  await Promise.all([engine.meet(honest), rogue.meet(engine)])
  await rogue.give(engine, entriesOf(known))
  const id = packageId(publisher.identity.publisherId, 'known')
  await eventually('both know the package', async () => (await versionAt(engine, id)) === '2.0.0', signal)
  await eventually('the honest one too', async () => (await versionAt(honest, id)) === '2.0.0', signal)
  await eventually(
    'the engine follows the rogue',
    () => rogue.node.services.pubsub.getSubscribers(PACKAGES_TOPIC).some((peer) => peer.toString() === engine.id),
    signal,
  )
  return { engine, honest, rogue, publisher, known, id }
}

const versionAt = (peer: EnginePeer, id: string): Promise<string | undefined> =>
  peer.describe(id).then(
    ({ summary }) => summary.version,
    () => undefined,
  )

/** What the engine has written down about a peer. */
const remembered = async (engine: EnginePeer, peer: string) => {
  const bytes = await engine.disk.get('peers', `reputation/${peer}`)
  const read = bytes === undefined ? undefined : peerRecordCodec.decode(bytes)
  return read?.ok ? read.value : undefined
}

test(
  'whoever gossips heads that another key signed is remembered for it, and left when it goes on',
  async ({ signal }) => {
    const { engine, honest, rogue, publisher, id } = await setScene(signal)
    const stranger = await createForger('stranger')
    const judged = async (): Promise<number> => (await engine.metrics())['gossip_messages_received'] ?? 0
    let told = 0
    while (rogue.connectionTo(engine) !== undefined) {
      const before = await judged()
      told += 1
      const forged = await signedBy(stranger, await publisher.release('known', `${told + 2}.0.0`, told + 2))
      // The head and nothing else: what is refused is its signature.
      await rogue.announce(announcementOf(entriesOf(forged).slice(0, 2)))
      await eventually(
        'it was judged',
        async () => (await judged()) > before || rogue.connectionTo(engine) === undefined,
        signal,
      )
    }
    await eventually(
      'it is banned',
      async () => (await remembered(engine, rogue.id))?.bannedUntil !== undefined,
      signal,
    )
    // One may be chance, for all that is known.
    expect(told).toBeGreaterThan(1)
    expect(await remembered(engine, rogue.id)).toMatchObject({ failed: expect.toSatisfy((n) => n > 0) })
    expect(await versionAt(engine, id)).toBe('2.0.0')
    expect(await versionAt(honest, id)).toBe('2.0.0')
    expect((await remembered(engine, honest.id))?.bannedUntil).toBeUndefined()

    const { id: other } = await honest.publish('honest', '1.0.0')
    await eventually('honest peers are heard', async () => (await versionAt(engine, other)) === '1.0.0', signal)
  },
  testMs,
)

test(
  'an older head that is signed well never wins, also after a restart, and its sender is not to blame',
  async ({ signal }) => {
    const { engine, rogue, publisher, id } = await setScene(signal)
    const old = await publisher.release('known', '1.0.0', 1)
    const push = async (to: EnginePeer): Promise<void> => {
      await rogue.announce(announcementOf(entriesOf(old)))
      await rogue.give(to, entriesOf(old))
      const key = new TextEncoder().encode(headKey(publisher.identity.publisherId, 'known'))
      // Its own validator has seen nothing newer; who it is put to has.
      for await (const _ of rogue.node.services.dht.put(key, encodeDhtValue(old.identity, old.head)));
    }
    await push(engine)
    expect(await versionAt(engine, id)).toBe('2.0.0')
    expect(await engine.lookup(id)).toMatchObject({ found: true, record: { version: '2.0.0' } })

    await network.leave(engine)
    const again = await network.start('engine')
    await rogue.meet(again)
    await push(again)
    expect(await versionAt(again, id)).toBe('2.0.0')
    expect(await again.lookup(id)).toMatchObject({ found: true, record: { version: '2.0.0' } })
    expect((await remembered(again, rogue.id))?.bannedUntil).toBeUndefined()
    expect(rogue.connectionTo(again)).toBeDefined()
  },
  testMs,
)
