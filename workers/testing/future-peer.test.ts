import { afterEach, expect, test } from 'vitest'
import type { Entry } from '../protocol/entry.ts'
import { updateIdentity } from '../protocol/identity.ts'
import { packageId, toHex } from '../protocol/ids.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { untraced } from '../telemetry/operation.ts'
import { withUnknownKeyType } from './forged-records.ts'
import { createFuturePeer } from './future-peer.ts'
import { futureRecord, signByHand, withFields } from './future-records.ts'
import { createHostileNodes } from './hostile-nodes.ts'
import { createEngineNetwork, eventually } from './network.ts'
import { until } from './relay-network.ts'
import { createHistory, createTestPublisher } from './test-publisher.ts'

/**
 * An hour of traffic between today's peers and one of a later version: a sync exchange in each direction every minute,
 * with announcements, queries and content requests in between.
 */

const minutes = 60

const engines = createEngineNetwork({ webSockets: true })
const hostiles = createHostileNodes()
afterEach(async () => {
  await Promise.all([engines.stopAll(), hostiles.stopAll()])
})

test(
  'a peer of a later version works with those of today, in both directions',
  { timeout: 240_000 },
  async ({ signal }) => {
    const [engine, other, node, profile, publisher] = await Promise.all([
      engines.start('today'),
      engines.start('today-too'),
      hostiles.start(),
      // Its catalogue; the node is its network.
      engines.start('future'),
      createTestPublisher(60),
    ])
    const { registry } = engine.storage
    const { registry: futureRegistry } = profile.storage
    const future = await createFuturePeer(node, futureRegistry)
    const { publisherId } = publisher.identity
    const key = publisher.signer
    await engine.meet(other)
    await engine.meet(node)
    await until('the peers are connected', () => node.isConnectedTo(engine.id))

    // An identity with a key of a new type, and a package with new fields in every signed body.
    const identity = await updateIdentity(
      publisher.identity,
      { signingKeys: [key.publicKey, new Uint8Array(57).fill(9)] },
      [publisher.rotation],
      webCrypto,
    )
    const [, release, head] = await createHistory(publisher, 'kit', ['1.0.0'])
    if (release?.kind !== 'release' || head?.kind !== 'head') throw new Error('an incomplete history')
    const releaseBody = withFields(release.release.bytes, {
      labels: ['audited'],
      rating: 4.5,
      since: -1,
      dependencies: [
        {
          kind: 'plugin',
          name: 'x',
          range: '*',
          optional: false,
          id: packageId(publisherId, 'z'),
          ecosystem: 'plugins.v1',
        },
        { kind: 'external', name: 'y', range: '', optional: false, ecosystem: 'go', checksum: Uint8Array.of(1) },
      ],
    })
    const releaseHash = await webCrypto.sha256(releaseBody)
    const headBody = withFields(head.head.bytes, {
      versions: [{ version: '1.0.0', release: releaseHash, deprecated: { reason: 'moved' } }],
      stars: 7,
    })
    const ofKit: Entry[] = [
      { kind: 'identity', bytes: identity.chain },
      { kind: 'head', bytes: await signByHand('head', headBody, key) },
      { kind: 'release', bytes: await signByHand('release', releaseBody, key) },
    ]
    // Records of unknown kinds and versions with verifiable signatures.
    const carried: Entry[] = [
      await futureRecord('star', { publisher: publisherId, subject: packageId(publisherId, 'kit'), seq: 1 }, key),
      await futureRecord('label', { publisher: publisherId, text: 'reviewed' }, key),
      { kind: 'release', bytes: await signByHand('release', withFields(release.release.bytes, { v: 2 }), key) },
      { kind: 'head', bytes: await signByHand('head', withFields(head.head.bytes, { v: 3, slug: 'next' }), key) },
    ]
    // Records with unverifiable signatures.
    const ignored: Entry[] = [
      { kind: 'release', bytes: withUnknownKeyType('release', release.release.bytes) },
      ...Array.from({ length: 40 }, (_, n): Entry => ({ kind: 'snapshot', bytes: Uint8Array.of(1, 2, n) })),
    ]
    await futureRegistry.ingest([...ofKit, ...carried], { from: 'future' })
    const bytesOf = async (registry: Registry) =>
      new Set((await registry.entriesById(registry.entryIds())).map(({ bytes }) => toHex(bytes)))

    const questions: [object, string][] = [
      [{ v: 1, type: 'search', text: 'kit', filters: { lang: 'rust' }, limit: 5 }, 'ok'],
      [{ v: 1, type: 'statistics', of: 'kit' }, 'unsupported'],
      [{ v: 2, type: 'search', vector: [0.5, -0.5] }, 'unsupported'],
    ]
    let recipients = 0
    for (let minute = 0; minute < minutes; minute++) {
      await future.exchange(engine.id)
      // Unverifiable records cause no penalty, however often they arrive.
      if (minute % 10 === 0) await node.give(engine.id, [...ofKit, ...ignored])
      const before = future.answered.length
      engine.network.sync.syncNow()
      await until('the engine has started an exchange too', () => future.answered.length > before)
      recipients += await future.announce({
        v: minute % 2 === 0 ? 1 : 2,
        identity: identity.chain,
        head: ofKit[1]?.bytes ?? new Uint8Array(),
        release: ofKit[2]?.bytes ?? null,
        minute,
      })
      const [question, status] = questions[minute % questions.length] ?? [{}, '']
      expect(await future.ask(engine.id, question)).toMatchObject({ status })
      await engine.network.query.search({ text: 'kit', filters: {} }, untraced(AbortSignal.timeout(10_000)))
      if (minute % 10 === 5) {
        const { id, root } = await engine.publish(`of-today-${minute}`, '1.0.0')
        const found = registry.get(id)?.latest?.release?.release.root ?? new Uint8Array()
        expect(root).not.toBe('')
        expect(await future.requestContent(engine.id, found)).toMatchObject({ other: 'refused' })
      }
    }
    await future.exchange(engine.id)

    // No peer was penalised or disconnected.
    expect(node.isConnectedTo(engine.id)).toBe(true)
    for (const { peer, failed, faults, bannedUntil } of engine.storage.reputation.list())
      expect({ peer, failed, faults, bannedUntil }).toEqual({ peer, failed: 0, faults: 0, bannedUntil: undefined })
    expect(future.answered.filter((failure) => failure !== undefined)).toEqual([])
    expect(recipients).toBeGreaterThan(0)

    // Known records are used, and all verifiable ones are forwarded as they were signed.
    const kit = packageId(publisherId, 'kit')
    expect(registry.get(kit)?.latest?.version).toBe('1.0.0')
    await eventually(
      'the other peer of today has everything',
      async () => {
        if (other.storage.registry.get(kit) === undefined) engine.network.sync.syncNow()
        const there = await bytesOf(other.storage.registry)
        return [...ofKit, ...carried].every(({ bytes }) => there.has(toHex(bytes)))
      },
      signal,
    )
    for (let minute = 5; minute < minutes; minute += 10)
      expect(futureRegistry.bySlug(`of-today-${minute}`)).toHaveLength(1)

    // They survive a restart, and unverifiable records were not kept.
    const again = createRegistry({ store: engine.disk, crypto: webCrypto, onChange() {} })
    expect(await again.load()).toMatchObject({ droppedCount: 0 })
    const kept = await bytesOf(again)
    for (const { bytes } of [...ofKit, ...carried]) expect(kept.has(toHex(bytes))).toBe(true)
    for (const { bytes } of ignored) expect(kept.has(toHex(bytes))).toBe(false)
  },
)
