import * as dagCbor from '@ipld/dag-cbor'
import { expect, test } from 'vitest'
import { type Entry, entryId } from '../protocol/entry.ts'
import { anyEnvelopeCodec } from '../protocol/envelope.ts'
import { packageId, toHex } from '../protocol/ids.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { runInitiator, runResponder } from '../sync/exchange.ts'
import { createReplica } from '../sync/replica.ts'
import { untraced } from '../telemetry/operation.ts'
import { futureRecord, signByHand, withFields } from './future-records.ts'
import { createChannels } from './test-catalogue.ts'
import { createHistory, createTestPublisher, type TestPublisher, toEntry } from './test-publisher.ts'

/**
 * Entries made from the bytes of others must not be mistaken for them: an entry with a stolen id blocks the real one.
 */

const open = () => {
  const registry = createRegistry({ store: createMemoryStore(), crypto: webCrypto, onChange() {} })
  const replica = createReplica(
    {
      watchIds: registry.watchEntryIds,
      entries: registry.entriesById,
      ingest: (entries, from) => registry.ingest(entries, { from }),
    },
    webCrypto,
  )
  return { registry, replica }
}
type Peer = ReturnType<typeof open>

const exchange = async (left: Peer, right: Peer): Promise<void> => {
  const channels = createChannels()
  await Promise.all([
    runInitiator(channels.left, left.replica, 'right'),
    runResponder(channels.right, right.replica, 'left'),
  ])
}

const storedIds = async (registry: Registry): Promise<string[]> =>
  (await registry.entriesById(registry.entryIds())).map(({ kind, bytes }) => `${kind} ${toHex(bytes)}`).sort()

/** All entries of a publisher, including later kinds and versions. */
const recordsOf = async (publisher: TestPublisher): Promise<Entry[]> => {
  const { publisherId } = publisher.identity
  const versions = Array.from({ length: 70 }, (_, n) => `1.0.${70 - n}`)
  const history = (await createHistory(publisher, 'kit', versions)).map(toEntry)
  const release = history.find(({ kind }) => kind === 'release')?.bytes ?? new Uint8Array()
  const head = history.find(({ kind }) => kind === 'head')?.bytes ?? new Uint8Array()
  return [
    ...history,
    await futureRecord(
      'star',
      { publisher: publisherId, subject: packageId(publisherId, 'kit'), seq: 1 },
      publisher.signer,
    ),
    await futureRecord('label', { publisher: publisherId, text: 'reviewed' }, publisher.signer),
    { kind: 'release', bytes: await signByHand('release', withFields(release, { v: 2 }), publisher.signer) },
    { kind: 'head', bytes: await signByHand('head', withFields(head, { v: 2, slug: 'next' }), publisher.signer) },
  ]
}

const kinds = ['identity', 'head', 'page', 'release', 'star', 'label', 'snapshot']

/** All variants of an entry that a stranger can make without its publisher's key. */
const disguisesOf = async ({ bytes }: Entry, stranger: TestPublisher): Promise<Entry[]> => {
  const envelope = anyEnvelopeCodec.decode(bytes)
  const contents = envelope.ok ? [bytes, envelope.value.body] : [bytes]
  const key = new Uint8Array(57).fill(3)
  const signature = new Uint8Array(114).fill(4)
  const each = contents.flatMap((body) =>
    kinds.map(
      async (kind): Promise<Entry[]> => [
        { kind, bytes: body },
        { kind, bytes: await signByHand(kind, body, stranger.signer) },
        { kind, bytes: new Uint8Array(dagCbor.encode({ v: 1, kind, body, key, signature })) },
        { kind, bytes: new Uint8Array(dagCbor.encode({ v: 2, kind, body, key, signature })) },
      ],
    ),
  )
  return (await Promise.all(each)).flat()
}

test('variants of entries that a stranger made do not block the entries', { timeout: 60_000 }, async () => {
  const [publisher, stranger] = await Promise.all([createTestPublisher(1), createTestPublisher(2)])
  const records = await recordsOf(publisher)
  const [honest, victim] = [open(), open()]
  await honest.registry.ingest(records, { from: 'publisher' })
  expect(await storedIds(honest.registry)).toHaveLength(records.length)
  const ids = new Set((await Promise.all(records.map((each) => entryId(each, webCrypto)))).map(toHex))
  const disguises: Entry[] = []
  for (const record of records) {
    for (const disguise of await disguisesOf(record, stranger)) {
      if (disguise.bytes !== record.bytes || disguise.kind !== record.kind) disguises.push(disguise)
    }
  }
  const { unsupported } = await victim.replica.ingest(disguises, 'stranger', untraced())
  expect(unsupported.length).toBeGreaterThan(0)
  expect(unsupported.map(toHex).filter((id) => ids.has(id))).toEqual([])
  // It has an entry itself, so that it requests missing ids instead of receiving everything.
  const own = await createTestPublisher(3)
  await victim.registry.ingest((await createHistory(own, 'own', ['1.0.0'])).map(toEntry), { from: 'self' })
  await exchange(victim, honest)
  expect(await storedIds(victim.registry)).toEqual(await storedIds(honest.registry))
})

test('one body signed as several kinds is several records, in any order', async () => {
  const publisher = await createTestPublisher(1)
  const { publisherId } = publisher.identity
  const identity: Entry = { kind: 'identity', bytes: publisher.identity.chain }
  const history = (await createHistory(publisher, 'kit', ['1.0.0'])).map(toEntry)
  const release = history.find(({ kind }) => kind === 'release')?.bytes ?? new Uint8Array()
  const body = { publisher: publisherId, subject: 'kit' }
  const same: Entry[] = await Promise.all([
    futureRecord('star', body, publisher.signer),
    futureRecord('block', body, publisher.signer),
    signByHand('copy', withFields(release, {}), publisher.signer).then((bytes) => ({ kind: 'copy', bytes })),
  ])
  const all = [...history, ...same]
  const peers = await Promise.all(
    [all, [...all].reverse(), ...same.map((each) => [identity, each])].map(async (entries) => {
      const peer = open()
      for (const entry of [identity, ...entries]) await peer.registry.ingest([entry], { from: 'publisher' })
      return peer
    }),
  )
  const [first] = peers
  if (first === undefined) throw new Error('there is no peer')
  for (const other of peers) await exchange(other, first)
  for (const { registry } of peers) {
    expect(await storedIds(registry)).toHaveLength(all.length)
    expect(registry.get(packageId(publisherId, 'kit'))?.latest?.version).toBe('1.0.0')
  }
})
