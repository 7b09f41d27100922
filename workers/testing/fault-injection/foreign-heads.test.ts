import { afterEach, expect, test } from 'vitest'
import { peerRecordCodec } from '../../peers/record.ts'
import { encodeDhtValue } from '../../protocol/dht-value.ts'
import { headKey, packageId } from '../../protocol/ids.ts'
import { PACKAGES_TOPIC } from '../../protocol/protocols.ts'
import { announcementOf, createForger, entriesOf, type Forger, type State, signedBy } from '../forged-records.ts'
import { createHostileNodes, type HostileNode } from '../hostile-nodes.ts'
import { createEngineNetwork, type EnginePeer, eventually } from '../network.ts'

/** What happens to senders of such heads. `hostile-records.test.ts` covers the records, protocol by protocol. */

const testMs = 120_000

const network = createEngineNetwork({ seed: 40 })
const hostiles = createHostileNodes(network)
afterEach(async () => {
  await hostiles.stopAll()
  await network.stopAll()
})

interface Scene {
  engine: EnginePeer
  honest: EnginePeer
  hostile: HostileNode
  publisher: Forger
  known: State
  id: string
}

const setScene = async (signal: AbortSignal): Promise<Scene> => {
  const [engine, honest] = [await network.start('engine'), await network.start('honest')]
  const hostile = await hostiles.start()
  hostile.node.services.pubsub.subscribe(PACKAGES_TOPIC)
  const publisher = await createForger('publisher')
  const known = await publisher.release('known', '2.0.0', 2)
  await Promise.all([engine.meet(honest), hostile.dial(engine)])
  await hostile.give(engine.id, entriesOf(known))
  const id = packageId(publisher.identity.publisherId, 'known')
  await eventually('both know the package', async () => (await versionAt(engine, id)) === '2.0.0', signal)
  await eventually('the honest peer too', async () => (await versionAt(honest, id)) === '2.0.0', signal)
  await eventually(
    'the engine subscribes',
    () => hostile.node.services.pubsub.getSubscribers(PACKAGES_TOPIC).some((peer) => peer.toString() === engine.id),
    signal,
  )
  return { engine, honest, hostile, publisher, known, id }
}

const versionAt = (peer: EnginePeer, id: string): Promise<string | undefined> =>
  peer.describe(id).then(
    ({ summary }) => summary.version,
    () => undefined,
  )

/** The stored reputation of a peer. */
const reputationOf = async (engine: EnginePeer, peer: string) => {
  const bytes = await engine.disk.get('peers', `reputation/${peer}`)
  const read = bytes === undefined ? undefined : peerRecordCodec.decode(bytes)
  return read?.ok ? read.value : undefined
}

test(
  'a peer that gossips heads signed by another key loses reputation, and is banned if it continues',
  async ({ signal }) => {
    const { engine, honest, hostile, publisher, id } = await setScene(signal)
    const stranger = await createForger('stranger')
    const received = async (): Promise<number> => (await engine.metrics())['gossip_messages_received'] ?? 0
    let sent = 0
    while (hostile.isConnectedTo(engine.id)) {
      const before = await received()
      sent += 1
      const forged = await signedBy(stranger, await publisher.release('known', `${sent + 2}.0.0`, sent + 2))
      // Only the signature of the head is wrong.
      await hostile.announce(announcementOf(entriesOf(forged).slice(0, 2)))
      await eventually(
        'the announcement was received',
        async () => (await received()) > before || !hostile.isConnectedTo(engine.id),
        signal,
      )
    }
    await eventually(
      'it is banned',
      async () => (await reputationOf(engine, hostile.id))?.bannedUntil !== undefined,
      signal,
    )
    // A single forgery may be chance.
    expect(sent).toBeGreaterThan(1)
    expect(await reputationOf(engine, hostile.id)).toMatchObject({ failed: expect.toSatisfy((n) => n > 0) })
    expect(await versionAt(engine, id)).toBe('2.0.0')
    expect(await versionAt(honest, id)).toBe('2.0.0')
    expect((await reputationOf(engine, honest.id))?.bannedUntil).toBeUndefined()

    const { id: other } = await honest.publish('honest', '1.0.0')
    await eventually('honest peers still get through', async () => (await versionAt(engine, other)) === '1.0.0', signal)
  },
  testMs,
)

test(
  'an older head with a valid signature never wins, also after a restart, and its sender is not penalised',
  async ({ signal }) => {
    const { engine, hostile, publisher, id } = await setScene(signal)
    const old = await publisher.release('known', '1.0.0', 1)
    const push = async (to: EnginePeer): Promise<void> => {
      await hostile.announce(announcementOf(entriesOf(old)))
      await hostile.give(to.id, entriesOf(old))
      const key = new TextEncoder().encode(headKey(publisher.identity.publisherId, 'known'))
      // The validator of the hostile node has seen nothing newer; the engine has.
      for await (const _ of hostile.node.services.dht.put(key, encodeDhtValue(old.identity, old.head)));
    }
    await push(engine)
    expect(await versionAt(engine, id)).toBe('2.0.0')
    expect(await engine.lookup(id)).toMatchObject({ found: true, record: { version: '2.0.0' } })

    await network.leave(engine)
    const again = await network.start('engine')
    await hostile.dial(again)
    await push(again)
    expect(await versionAt(again, id)).toBe('2.0.0')
    expect(await again.lookup(id)).toMatchObject({ found: true, record: { version: '2.0.0' } })
    expect((await reputationOf(again, hostile.id))?.bannedUntil).toBeUndefined()
    expect(hostile.isConnectedTo(again.id)).toBe(true)
  },
  testMs,
)
