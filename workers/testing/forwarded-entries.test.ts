import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { readAnnouncement } from '../protocol/announcement.ts'
import { verifyDhtValue } from '../protocol/dht-value.ts'
import type { Entry } from '../protocol/entry.ts'
import { updateIdentity } from '../protocol/identity.ts'
import { packageToEntries } from '../registry/package-entries.ts'
import { createRegistry, type IngestResult, type Registry } from '../registry/registry.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { runInitiator, runResponder } from '../sync/exchange.ts'
import { createReplica } from '../sync/replica.ts'
import { withUnknownKeyType, withWrongSignature } from './forged-records.ts'
import { futureRecord, signByHand, withFields } from './future-records.ts'
import { createChannels } from './test-catalogue.ts'
import { createHistory, createTestPublisher, rootOf, toEntry } from './test-publisher.ts'

/**
 * A peer is never penalised for forwarding entries that it accepted from a stranger, whatever it, its partner and the
 * stranger have stored. Catalogues and the stranger's entries are arbitrary subsets of one set of records: rotated,
 * ended and forked identities, records by each of their keys and by a foreign one, records of later versions, and
 * forged ones.
 */

/** All records, in a fixed order. */
let world: Entry[]

const rotations = 2
const releasesPerKey = 12

const createWorld = async (): Promise<Entry[]> => {
  const stranger = await createTestPublisher(50)
  const entries: Entry[] = []
  for (const number of [1, 2]) {
    const publisher = await createTestPublisher(number)
    const later = await Promise.all(
      Array.from({ length: rotations + 1 }, (_, n) => createTestPublisher(number * 10 + n)),
    )
    const chains = [publisher.identity]
    for (const { signer } of later.slice(0, rotations)) {
      const before = chains.at(-1) ?? publisher.identity
      chains.push(await updateIdentity(before, { signingKeys: [signer.publicKey] }, [publisher.rotation], webCrypto))
    }
    const last = chains.at(-1) ?? publisher.identity
    chains.push(await updateIdentity(last, { revoked: true }, [publisher.rotation], webCrypto))
    const [, , forkKey] = later
    if (forkKey === undefined) throw new Error('no key for a fork')
    chains.push(
      await updateIdentity(
        publisher.identity,
        { signingKeys: [forkKey.signer.publicKey] },
        [publisher.rotation],
        webCrypto,
      ),
    )
    entries.push(...chains.map(({ chain }): Entry => ({ kind: 'identity', bytes: chain })))
    for (const [at, { signer }] of [publisher, ...later, stranger].entries()) {
      const releases = await Promise.all(
        Array.from({ length: releasesPerKey }, (_, n) =>
          publisher.release('kit', `${at}.${n}.0`, { root: rootOf(n) }, signer),
        ),
      )
      const versions = releases.map(({ release }) => ({ version: release.release.version, release: release.hash }))
      entries.push(...releases.map(toEntry))
      entries.push(...(await publisher.head('kit', at + 1, versions, signer)).map(toEntry))
      entries.push(...(await publisher.head('other', 1, versions.slice(at), signer)).map(toEntry))
      for (const subject of ['kit', undefined])
        entries.push(
          await futureRecord('star', { publisher: publisher.identity.publisherId, subject, seq: at }, signer),
        )
      // Later versions: of the release, of its envelope, of its key.
      const [release] = releases
      if (release === undefined) throw new Error('no release')
      const body = withFields(release.release.bytes, { v: 2 })
      entries.push({ kind: 'release', bytes: await signByHand('release', body, signer) })
      entries.push({ kind: 'release', bytes: withUnknownKeyType('release', release.release.bytes) })
      entries.push({ kind: 'release', bytes: withWrongSignature('release', release.release.bytes) })
    }
  }
  entries.push({ kind: 'head', bytes: Uint8Array.of(1, 2, 3) }, { kind: 'label', bytes: Uint8Array.of(4) })
  return entries
}

beforeAll(async () => {
  world = await createWorld()
})

const part = (max: number) => fc.array(fc.nat(10_000), { maxLength: max })
const pick = (numbers: readonly number[]): Entry[] => numbers.flatMap((n) => world[n % world.length] ?? [])

const open = () => {
  const registry = createRegistry({ store: createMemoryStore(), crypto: webCrypto, onChange() {} })
  const results: IngestResult[] = []
  const replica = createReplica(
    {
      watchIds: registry.watchEntryIds,
      entries: registry.entriesById,
      async ingest(entries, from) {
        const result = await registry.ingest(entries, { from })
        results.push(result)
        return result
      },
    },
    webCrypto,
  )
  return { registry, replica, results }
}

/** Splits entries into batches, as peers send them. */
const tell = async (registry: Registry, entries: readonly Entry[], batch: number): Promise<void> => {
  for (let at = 0; at < entries.length; at += batch)
    await registry.ingest(entries.slice(at, at + batch), { from: 'stranger' })
}

const exchange = async (left: ReturnType<typeof open>, right: ReturnType<typeof open>): Promise<void> => {
  const channels = createChannels()
  await Promise.all([
    runInitiator(channels.left, left.replica, 'right'),
    runResponder(channels.right, right.replica, 'left'),
  ])
}

/** The results that count against the sender of the entries. */
const forged = (results: readonly IngestResult[]): unknown[] =>
  results.flatMap(({ failures }) => failures.filter(({ outcome }) => outcome === 'forged' || outcome === 'invalid'))

describe('entries that a peer accepted from a stranger', () => {
  test('never count against the peer that forwards them', { timeout: 120_000 }, async () => {
    const runs = { seed: 4, numRuns: 150 }
    await fc.assert(
      fc.asyncProperty(part(60), part(60), part(60), fc.integer({ min: 1, max: 40 }), async (x, y, given, batch) => {
        const [left, right] = [open(), open()]
        await tell(left.registry, pick(x), batch)
        await tell(right.registry, pick(y), batch)
        await tell(left.registry, pick(given), batch)

        await exchange(left, right)
        expect(forged(right.results)).toEqual([])
        expect(forged(left.results)).toEqual([])

        for (const found of left.registry.all()) {
          const answer = packageToEntries(found, 'all').flat()
          expect(forged([await right.registry.ingest(answer, { from: 'left' })])).toEqual([])
          const announcement = left.registry.announcementFor(found.id)
          if (announcement !== undefined)
            expect(
              (await right.registry.receiveAnnouncement(readAnnouncement(announcement), { from: 'left' })).verdict,
            ).not.toBe('invalid')
          const put = left.registry.dhtValueFor(found.id)
          if (put !== undefined) expect(await verifyDhtValue(put.key, put.value, webCrypto)).toMatchObject({ ok: true })
        }
        left.replica.stop()
        right.replica.stop()
      }),
      runs,
    )
  })

  test('never count against the peer, even one at a time', async () => {
    await fc.assert(
      fc.asyncProperty(part(40), part(40), part(20), async (x, y, given) => {
        const [left, right] = [open(), open()]
        await tell(left.registry, pick(x), 40)
        await tell(right.registry, pick(y), 40)
        for (const entry of pick(given)) {
          const { accepted } = await left.registry.ingest([entry], { from: 'stranger' })
          if (accepted === 0) continue
          expect(forged([await right.registry.ingest([entry], { from: 'left' })])).toEqual([])
        }
      }),
      { seed: 6, numRuns: 150 },
    )
  })

  test('are forwarded with the identity that signed them, or not at all', async () => {
    await fc.assert(
      fc.asyncProperty(part(80), fc.integer({ min: 1, max: 40 }), async (x, batch) => {
        const { registry } = open()
        await tell(registry, pick(x), batch)
        const forwarded = await registry.entriesById(registry.entryIds())
        const newcomer = open()
        const result = await newcomer.registry.ingest(forwarded, { from: 'peer' })
        expect(result).toMatchObject({ rejected: 0, unproven: 0 })
      }),
      { seed: 5, numRuns: 150 },
    )
  })
})

test('the end of an identity reaches a peer with its packages from one without them', async () => {
  const publisher = await createTestPublisher(70)
  const ended = await updateIdentity(publisher.identity, { revoked: true }, [publisher.rotation], webCrypto)
  const [left, right] = [open(), open()]
  const history = await createHistory(publisher, 'kit', ['1.0.0'])
  await left.registry.ingest(history.map(toEntry), { from: 'publisher' })
  await right.registry.ingest([{ kind: 'identity', bytes: ended.chain }], { from: 'publisher' })
  expect(left.registry.size()).toBe(1)
  await exchange(left, right)
  expect(left.registry.size()).toBe(0)
})
