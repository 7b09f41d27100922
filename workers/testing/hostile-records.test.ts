import * as dagCbor from '@ipld/dag-cbor'
import { MessageType } from '@libp2p/kad-dht'
import { encode as varint } from 'uint8-varint'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { encodeDhtValue } from '../protocol/dht-value.ts'
import type { Entry } from '../protocol/entry.ts'
import { signHead } from '../protocol/head.ts'
import { headKey, packageId } from '../protocol/ids.ts'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { type Judgement, rowsOf, watchJudgements } from './engine-records.ts'
import {
  announcementOf,
  createForger,
  entriesOf,
  type Forger,
  type State,
  signedBy,
  withChangedFields,
  withForgedIdentity,
  withWrongSignature,
} from './forged-records.ts'
import { createHostileNodes, type HostileNode } from './hostile-nodes.ts'
import { createEngineNetwork, type EnginePeer } from './network.ts'
import { until } from './relay-network.ts'

/**
 * Forged and old records from a hostile peer to an engine with packages, over each protocol: the engine rejects each by
 * name, keeps its records, and still accepts those of honest peers.
 */

/** Several real nodes on a busy machine. */
const testMs = 120_000

const engines = createEngineNetwork({ webSockets: true })
const hostiles = createHostileNodes()
afterEach(async () => {
  await Promise.all([engines.stopAll(), hostiles.stopAll()])
})

interface Scene {
  engine: EnginePeer
  /** The engine's judgements of records from peers. */
  judged: readonly Judgement[]
  hostile: HostileNode
  honest: EnginePeer
  publisher: Forger
  stranger: Forger
  /** State 2 of a package that the engine knows. */
  known: State
}

const setScene = async (): Promise<Scene> => {
  const [engine, honest, hostile, publisher, stranger] = await Promise.all([
    engines.start('victim'),
    engines.start('honest'),
    hostiles.start(),
    createForger('publisher'),
    createForger('stranger'),
  ])
  const judged = watchJudgements(engine.storage.registry)
  await engine.publish('own', '1.0.0')
  const known = await publisher.release('known', '2.0.0', 2)
  expect(await engine.storage.registry.ingest(entriesOf(known), { from: 'test' })).toMatchObject({
    accepted: 3,
    rejected: 0,
  })
  await engine.meet(hostile)
  await until('the hostile peer has seen the connection', () => hostile.isConnectedTo(engine.id))
  return { engine, judged, hostile, honest, publisher, stranger, known }
}

/** Publishes at an honest peer and expects that the engine finds and installs it. */
const expectHonestPeersGetThrough = async ({ engine, honest }: Scene): Promise<void> => {
  await engine.meet(honest)
  const { id } = await honest.publish('honest', '1.0.0', { 'a.txt': new TextEncoder().encode('honest') })
  await until('the honest package is known', () => {
    if (engine.storage.registry.get(id) === undefined) engine.network.sync.syncNow()
    return engine.storage.registry.get(id)?.latest !== undefined
  })
  const { installed } = await engine.install([id])
  expect(installed.map((each) => each.id)).toEqual([id])
  const entry = engine.storage.library.get(id, '1.0.0')
  expect(entry?.files.map(({ path }) => path)).toEqual(['a.txt', 'package.toml'])
}

/** The failures in the reputation of the hostile peer, which fade. */
const failuresOf = ({ engine, hostile }: Pick<Scene, 'engine' | 'hostile'>): number =>
  engine.storage.reputation.list().find(({ peer }) => peer === hostile.id)?.failed ?? 0

interface Forgery {
  what: string
  name: string
  /** The penalty for the sender: none for records that an honest peer may forward. */
  cost: 'a ban' | 'reputation' | 'nothing'
  /** Valid entries among those it sends; none unless given. */
  validEntries?: number
  forge(scene: Scene): Promise<Entry[]>
}

const newer = (scene: Scene): Promise<State> => scene.publisher.release('known', '3.0.0', 3)

const replaced = (entries: Entry[], kind: Entry['kind'], bytes: Uint8Array): Entry[] =>
  entries.map((entry): Entry => (entry.kind === kind ? { kind, bytes } : entry))

const forgeries: Forgery[] = [
  {
    what: 'a release with a wrong signature',
    name: 'SignatureInvalid',
    cost: 'a ban',
    async forge(scene) {
      const state = await newer(scene)
      // Without its head, which is valid and would be accepted.
      return replaced(entriesOf(scene.known), 'release', withWrongSignature('release', state.release.bytes))
    },
  },
  {
    what: 'a head with a wrong signature',
    name: 'SignatureInvalid',
    cost: 'a ban',
    async forge(scene) {
      const state = await newer(scene)
      return replaced(entriesOf(state), 'head', withWrongSignature('head', state.head.bytes)).slice(0, 2)
    },
  },
  {
    what: 'a release with a changed root',
    name: 'SignatureInvalid',
    cost: 'a ban',
    forge: async ({ known }) =>
      replaced(
        entriesOf(known),
        'release',
        withChangedFields(known.release.bytes, { root: new Uint8Array(32).fill(66) }),
      ),
  },
  {
    what: 'a release with a changed description',
    name: 'SignatureInvalid',
    cost: 'a ban',
    forge: async ({ known }) =>
      replaced(entriesOf(known), 'release', withChangedFields(known.release.bytes, { description: 'Another one' })),
  },
  {
    what: 'a release that a stranger signed for the publisher',
    name: 'SignatureInvalid',
    cost: 'nothing',
    forge: async (scene) => entriesOf(await signedBy(scene.stranger, await newer(scene))),
  },
  {
    what: 'a release of an unknown publisher under the identity of a stranger',
    // The identity itself.
    validEntries: 1,
    name: 'IdentityInvalid',
    cost: 'nothing',
    async forge({ stranger }) {
      const state = await (await createForger('nobody')).release('lost', '1.0.0')
      return replaced(entriesOf(state), 'identity', stranger.identity.chain)
    },
  },
  {
    what: 'an identity with a forged signature',
    name: 'IdentityInvalid',
    cost: 'a ban',
    async forge() {
      const state = await (await createForger('nobody')).release('lost', '1.0.0')
      return replaced(entriesOf(state), 'identity', withForgedIdentity(state.identity.chain))
    },
  },
  {
    what: 'an older head',
    name: 'Rollback',
    cost: 'nothing',
    async forge({ publisher }) {
      const old = await publisher.release('known', '1.0.0', 1)
      return [
        { kind: 'identity', bytes: old.identity.chain },
        { kind: 'head', bytes: old.head.bytes },
      ]
    },
  },
  {
    what: 'garbage for a release',
    name: 'RecordMalformed',
    cost: 'reputation',
    forge: async ({ known }) => replaced(entriesOf(known), 'release', new Uint8Array(500).fill(0xa5)),
  },
]

describe('by sync', { timeout: testMs }, () => {
  it('rejects each forgery by name and keeps its records', async () => {
    const scene = await setScene()
    const { engine, judged } = scene
    const before = await rowsOf(engine)
    for (const { what, name, cost, validEntries = 0, forge } of forgeries) {
      // A new peer each time, so that reputation does not carry over.
      const hostile = await hostiles.start()
      await engine.meet(hostile)
      await until('the hostile peer has seen the connection', () => hostile.isConnectedTo(engine.id))
      const count = judged.length
      // A ban ends the exchange.
      await hostile.give(engine.id, await forge(scene)).catch(() => {})
      await until(`${what} was judged`, () => judged.length > count)
      const failures = () => failuresOf({ engine, hostile })
      if (cost === 'a ban') await until(`${what} bans its sender`, () => engine.storage.reputation.isBanned(hostile.id))
      else if (cost === 'reputation') await until(`${what} counts against its sender`, () => failures() > 0.5)
      else expect.soft(failures(), what).toBe(0)
      expect.soft(engine.storage.reputation.isBanned(hostile.id), what).toBe(cost === 'a ban')
      const judgements = judged.slice(count)
      expect
        .soft(
          judgements.flatMap(({ names }) => names),
          what,
        )
        .toContain(name)
      expect
        .soft(
          judgements.reduce((sum, { accepted }) => sum + accepted, 0),
          what,
        )
        .toBe(validEntries)
      const rows = await rowsOf(engine)
      // The stranger's own identity is valid; nothing else may be stored.
      for (const key of Object.keys(rows)) if (key.endsWith(scene.stranger.identity.publisherId)) delete rows[key]
      expect.soft(rows, what).toEqual(before)
    }
    const found = engine.storage.registry.get(packageId(scene.publisher.identity.publisherId, 'known'))
    expect(found?.latest?.version).toBe('2.0.0')
    expect(found?.head.head.seq).toBe(2)
    await expectHonestPeersGetThrough(scene)
  })

  it('disconnects a peer that keeps sending forgeries, and stores none of them', async () => {
    const scene = await setScene()
    const { engine, judged, hostile, publisher } = scene
    const before = await rowsOf(engine)
    const forged = await Promise.all(
      Array.from({ length: 40 }, async (_, at): Promise<Entry> => {
        const { release } = await publisher.release(`forged-${at}`, '1.0.0')
        return { kind: 'release', bytes: withWrongSignature('release', release.bytes) }
      }),
    )
    await hostile.give(engine.id, forged).catch(() => {})
    await until('the hostile peer is disconnected', () => !hostile.isConnectedTo(engine.id))
    expect(judged.flatMap(({ names }) => names)).toContain('SignatureInvalid')
    expect(await rowsOf(engine)).toEqual(before)
    await expectHonestPeersGetThrough(scene)
  })
})

describe('by gossip', { timeout: testMs }, () => {
  it('rejects each forgery by name, forwards none and keeps its records', async () => {
    const scene = await setScene()
    const { engine, judged, hostile, honest } = scene
    await engine.meet(honest)
    const { pubsub } = hostile.node.services
    pubsub.subscribe(PACKAGES_TOPIC)
    await until('the engine follows the hostile peer', () =>
      pubsub.getSubscribers(PACKAGES_TOPIC).some((peer) => peer.toString() === engine.id),
    )
    const before = await rowsOf(engine)
    const releases = Object.keys(before).filter((row) => row.startsWith('releases '))
    // On disk, not only in memory: the rows are compared later.
    await vi.waitFor(async () => expect(Object.keys(await rowsOf(honest))).toEqual(expect.arrayContaining(releases)))
    const honestBefore = await rowsOf(honest)
    // After three invalid messages the engine ignores a peer, so the old head comes first and few follow.
    const sent = [
      'an older head',
      'a release with a changed root',
      'a release that a stranger signed for the publisher',
    ]
    for (const what of sent) {
      const forgery = forgeries.find((each) => each.what === what)
      if (forgery === undefined) throw new Error(what)
      const count = judged.length
      await pubsub.publish(PACKAGES_TOPIC, announcementOf(await forgery.forge(scene)))
      await until(`${what} was judged`, () => judged.length > count)
      const [judgement] = judged.slice(count)
      expect.soft(judgement, what).toMatchObject({ from: hostile.id, accepted: 0 })
      expect.soft(judgement?.names, what).toEqual(forgery.name === 'Rollback' ? [] : [forgery.name])
      expect.soft(await rowsOf(engine), what).toEqual(before)
    }
    expect(await rowsOf(honest)).toEqual(honestBefore)
    await expectHonestPeersGetThrough(scene)
  })

  it('ignores a peer that keeps sending forgeries', async () => {
    const scene = await setScene()
    const { engine, judged, hostile } = scene
    const { pubsub } = hostile.node.services
    pubsub.subscribe(PACKAGES_TOPIC)
    await until('the engine follows the hostile peer', () =>
      pubsub.getSubscribers(PACKAGES_TOPIC).some((peer) => peer.toString() === engine.id),
    )
    const before = await rowsOf(engine)
    const forger = await createForger('forger')
    let sent = 0
    const tellOne = async (): Promise<void> => {
      sent += 1
      const state = await forger.release(`forged-${sent}`, '1.0.0')
      const forged = replaced(entriesOf(state), 'release', withWrongSignature('release', state.release.bytes))
      await pubsub.publish(PACKAGES_TOPIC, announcementOf(forged))
    }
    const judgedForgeries = () => judged.filter(({ from, names }) => from === hostile.id && names.length > 0).length
    // Its score is checked once a second; below the threshold its messages are not even judged.
    await until('it is ignored', () => {
      void tellOne()
      return sent > judgedForgeries() + 20
    })
    expect(judgedForgeries()).toBeGreaterThanOrEqual(3)
    await expectHonestPeersGetThrough(scene)
    const rows = await rowsOf(engine)
    expect(rows).toMatchObject(before)
    expect(
      engine.storage.registry.packagesOf(forger.identity.publisherId).flatMap(({ latest }) => latest ?? []),
    ).toEqual([])
  })
})

describe('by the DHT', { timeout: testMs }, () => {
  /** Puts to and gets from the engine through kad-dht of the hostile peer. */
  const askOf = ({ engine, hostile, publisher }: Scene) => {
    const known = new TextEncoder().encode(headKey(publisher.identity.publisherId, 'known'))
    const { dht } = hostile.node.services
    const peer = hostile.node.getConnections().find(({ remotePeer }) => remotePeer.toString() === engine.id)?.remotePeer
    if (peer === undefined || !('network' in dht)) throw new Error('not connected')
    const wire = dht.network as Wire
    const ask = async (message: object): Promise<WireResponse | undefined> => {
      for await (const event of wire.sendRequest(peer, message, {
        signal: AbortSignal.timeout(60_000),
        path: { index: -1, queued: 0, running: 0, total: 0 },
      }))
        if (event.name === 'PEER_RESPONSE') return event
      return undefined
    }
    return {
      put: (value: Uint8Array, key = known) =>
        ask({ key, type: MessageType.PUT_VALUE, record: libp2pRecord(key, value) }),
      get: async () => (await ask({ key: known, type: MessageType.GET_VALUE }))?.record?.value,
    }
  }

  it('keeps the newest head, not an older one', async () => {
    const scene = await setScene()
    const { publisher } = scene
    const { put, get } = askOf(scene)
    const now = encodeDhtValue(scene.known.identity, scene.known.head)
    expect(await put(now)).toBeDefined()
    expect(Buffer.from((await get()) ?? [])).toEqual(Buffer.from(now))

    const before = failuresOf(scene)
    const old = await publisher.release('known', '1.0.0', 1)
    expect(await put(encodeDhtValue(old.identity, old.head))).toBeUndefined()
    expect(Buffer.from((await get()) ?? [])).toEqual(Buffer.from(now))
    // The peer may have missed the newer head: this counts as a failure, and the peer is still served.
    expect(failuresOf(scene)).toBeGreaterThan(before + 0.5)

    const next = await newer(scene)
    const good = encodeDhtValue(next.identity, next.head)
    expect(await put(good)).toBeDefined()
    expect(Buffer.from((await get()) ?? [])).toEqual(Buffer.from(good))
  })

  it.each<[string, 'at once' | 'after a few', (scene: Scene) => Promise<{ value: Uint8Array; key?: string }>]>([
    [
      'a head that another key signed',
      'at once',
      async (scene) => {
        const next = await newer(scene)
        const head = await signHead(next.head.head, scene.stranger.signer, webCrypto)
        return { value: encodeDhtValue(next.identity, head) }
      },
    ],
    [
      'a head under the identity of a stranger',
      'after a few',
      async (scene) => ({ value: encodeDhtValue(scene.stranger.identity, (await newer(scene)).head) }),
    ],
    [
      'a good head under the key of another package',
      'after a few',
      async ({ known, publisher }) => ({
        value: encodeDhtValue(known.identity, known.head),
        key: headKey(publisher.identity.publisherId, 'other'),
      }),
    ],
    ['too much', 'after a few', async () => ({ value: new Uint8Array(20_000).fill(1) })],
    ['a key without a namespace', 'after a few', async () => ({ value: Uint8Array.of(1), key: 'key' })],
  ])('never keeps %s, and bans who puts it %s', async (_, when, forge) => {
    const scene = await setScene()
    const { engine, hostile } = scene
    const { put, get } = askOf(scene)
    const now = encodeDhtValue(scene.known.identity, scene.known.head)
    expect(await put(now)).toBeDefined()
    const { value, key } = await forge(scene)
    const bytes = key === undefined ? undefined : new TextEncoder().encode(key)
    expect(await put(value, bytes)).toBeUndefined()
    if (when === 'after a few') {
      expect(Buffer.from((await get()) ?? [])).toEqual(Buffer.from(now))
      expect(engine.storage.reputation.isBanned(hostile.id)).toBe(false)
      for (let times = 1; times < 3; times += 1) await put(value, bytes)
    }
    await until('the hostile peer is banned', () => engine.storage.reputation.isBanned(hostile.id))
    await until('it is disconnected', () => !hostile.isConnectedTo(engine.id))
    await expectHonestPeersGetThrough(scene)
  })

  it('rejects a DHT value of an unknown namespace or version without a penalty', async () => {
    const scene = await setScene()
    const { engine, hostile, known } = scene
    const { put } = askOf(scene)
    const later = dagCbor.encode({ v: 2, identity: known.identity.chain, head: known.head.bytes })
    for (let times = 0; times < 5; times += 1) {
      expect(await put(Uint8Array.of(1), new TextEncoder().encode('/ggen-stars/key'))).toBeUndefined()
      expect(await put(later)).toBeUndefined()
    }
    // An accepted value shows that the earlier ones were judged.
    expect(await put(encodeDhtValue(known.identity, known.head))).toBeDefined()
    expect(failuresOf(scene)).toBe(0)
    expect(engine.storage.reputation.isBanned(hostile.id)).toBe(false)
  })
})

interface WireResponse {
  name: string
  record?: { value: Uint8Array }
}

interface Wire {
  sendRequest(to: unknown, message: object, options: object): AsyncIterable<WireResponse>
}

/** A record as kad-dht sends it (libp2p-record): key, value, time received. */
const libp2pRecord = (key: Uint8Array, value: Uint8Array): Uint8Array => {
  const field = (tag: number, bytes: Uint8Array): number[] => [tag, ...varint(bytes.length), ...bytes]
  const received = new TextEncoder().encode('2026-01-01T00:00:00.000000000Z')
  return Uint8Array.from([...field(0x0a, key), ...field(0x12, value), ...field(0x2a, received)])
}
