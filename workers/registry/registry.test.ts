import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { Failure } from '../contract/failures.ts'
import { announcementCodec, readAnnouncement } from '../protocol/announcement.ts'
import { verifyDhtValue } from '../protocol/dht-value.ts'
import type { Entry, EntryKind } from '../protocol/entry.ts'
import { updateIdentity } from '../protocol/identity.ts'
import { toHex } from '../protocol/ids.ts'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createHistory, createTestPublisher, rootOf, type TestPublisher, toEntry } from '../testing/test-publisher.ts'
import type { VerifiedEntry } from './catalogue.ts'
import { createRegistry, type IngestFailure, type Registry, type RegistryChange } from './registry.ts'

const from = { from: 'peer' }

let alice: TestPublisher
let mallory: TestPublisher
let kit: Entry[]
const kitId = () => `${alice.identity.publisherId}/kit`

beforeAll(async () => {
  alice = await createTestPublisher(1)
  mallory = await createTestPublisher(9)
  kit = (await createHistory(alice, 'kit', ['1.1.0', '1.0.0'])).map(toEntry)
})

const open = (store: Store = createMemoryStore()) => {
  const changes: RegistryChange[] = []
  const problems: Failure[] = []
  const registry = createRegistry({
    store,
    crypto: webCrypto,
    onChange: (change) => changes.push(change),
    onProblem: (failure) => problems.push(failure),
  })
  return { registry, store, changes, problems }
}

const entriesOf = (registry: Registry): Promise<Entry[]> => registry.entriesById(registry.entryIds())

const only = (entries: readonly Entry[], kind: EntryKind): Entry => {
  const found = entries.find((entry) => entry.kind === kind)
  if (found === undefined) throw new Error(`no ${kind}`)
  return found
}

const head = async (
  publisher: TestPublisher,
  slug: string,
  seq: number,
  releases: VerifiedEntry[],
  by?: TestPublisher,
) => {
  const versions = releases.flatMap((entry) =>
    entry.kind === 'release' ? [{ version: entry.release.release.version, release: entry.release.hash }] : [],
  )
  const [first] = await publisher.head(slug, seq, versions, by?.signer)
  if (first === undefined) throw new Error('no head')
  return toEntry(first)
}

test('adds valid entries in any order within a batch and reports the changed packages', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), async (order) => {
      const { registry, changes } = open()
      expect(
        await registry.ingest(
          order.flatMap((n) => kit[n] ?? []),
          from,
        ),
      ).toEqual({ accepted: 4, rejected: 0, forged: 0, unproven: 0, unsupported: [], stale: 0, failures: [] })
      expect(registry.get(kitId())?.versions.map(({ version }) => version)).toEqual(['1.1.0', '1.0.0'])
      expect(changes).toEqual([{ revision: 1, size: 1, packages: [kitId()] }])
      expect(await registry.ingest(kit, from)).toMatchObject({ accepted: 0, rejected: 0, stale: 4 })
      expect(changes).toHaveLength(1)
    }),
    { seed: 1, numRuns: 24 },
  )
})

test('entries survive a restart and are shared byte for byte', async () => {
  const { registry, store } = open()
  const many = await createHistory(
    alice,
    'kit',
    Array.from({ length: 60 }, (_, n) => `1.${60 - n}.0`),
  )
  await registry.ingest(many.map(toEntry), from)
  expect(registry.get(kitId())?.complete).toBe(true)
  const again = open(store)
  expect(await again.registry.load()).toMatchObject({ packages: 1, droppedCount: 0, entries: many.length })
  expect(again.changes).toEqual([{ revision: 1, size: 1, packages: [kitId()] }])
  expect(again.registry.get(kitId())).toEqual(registry.get(kitId()))
  const third = open()
  expect(await third.registry.ingest(await entriesOf(again.registry), from)).toMatchObject({ accepted: many.length })
  expect(third.registry.get(kitId())).toEqual(registry.get(kitId()))
})

test('altered, forged and foreign records are refused by name and outcome, and the rest of the batch is kept', async () => {
  const identity = only(kit, 'identity')
  const release = await alice.release('kit', '2.0.0')
  const changed = toEntry(release).bytes.slice()
  // Changes one character of the display name in the signed body.
  const at = new TextDecoder('latin1').decode(changed).indexOf('backend')
  changed[at] = (changed[at] ?? 0) ^ 1
  const forged = toEntry(release).bytes.slice()
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  const stolen = toEntry(await alice.release('kit', '2.0.0', {}, mallory.signer))
  const cases: [Entry, string, IngestFailure['outcome']][] = [
    [{ kind: 'release', bytes: changed }, 'SignatureInvalid', 'forged'],
    [{ kind: 'release', bytes: forged }, 'SignatureInvalid', 'forged'],
    // An unlisted key may have been added since, and a missing identity may still arrive.
    [stolen, 'SignatureInvalid', 'unproven'],
    [await head(alice, 'kit', 9, [release], mallory), 'SignatureInvalid', 'unproven'],
    [toEntry(await mallory.release('kit', '1.0.0')), 'IdentityInvalid', 'unproven'],
    [await head(mallory, 'kit', 1, [release]), 'IdentityInvalid', 'unproven'],
    [
      { kind: 'identity', bytes: identity.bytes.map((byte, n, all) => (n === all.length - 1 ? byte ^ 1 : byte)) },
      'IdentityInvalid',
      'forged',
    ],
    [{ kind: 'release', bytes: identity.bytes }, 'RecordMalformed', 'invalid'],
    [{ kind: 'head', bytes: new Uint8Array(900).fill(0xa5) }, 'RecordMalformed', 'invalid'],
    [{ kind: 'page', bytes: new Uint8Array(10_000_000) }, 'RecordTooLarge', 'invalid'],
    [{ kind: 'head', bytes: new Uint8Array(1025) }, 'RecordTooLarge', 'invalid'],
    [{ kind: 'star', bytes: new Uint8Array(3) }, 'RecordUnsupported', 'unproven'],
    [{ kind: 'head', bytes: 'text' as unknown as Uint8Array }, 'RecordMalformed', 'invalid'],
  ]
  for (const [entry, name, outcome] of cases) {
    const { registry } = open()
    const result = await registry.ingest([entry, ...kit], from)
    expect([name, result.accepted, result.rejected + result.unproven]).toEqual([name, 4, 1])
    expect([name, result.forged]).toEqual([name, outcome === 'forged' ? 1 : 0])
    expect(result.failures).toMatchObject([{ outcome, name }])
    expect(result.failures[0]?.message).toMatch(/^[A-Z].*\.$/)
    expect(registry.get(kitId())?.latest?.version).toBe('1.1.0')
  }
})

test('an older head is stale, not a violation, and replaces nothing', async () => {
  const { registry } = open()
  const release = await alice.release('kit', '1.0.0')
  await registry.ingest([only(kit, 'identity'), toEntry(release), await head(alice, 'kit', 7, [release])], from)
  const result = await registry.ingest([await head(alice, 'kit', 6, [await alice.release('kit', '0.9.0')])], from)
  expect(result).toMatchObject({
    accepted: 0,
    rejected: 0,
    stale: 1,
    failures: [{ name: 'Rollback', outcome: 'stale' }],
  })
  expect(registry.get(kitId())?.head.head.seq).toBe(7)
})

test('both releases of an equivocation are kept and shown, but not offered', async () => {
  const { registry, store } = open()
  const twin = await alice.release('kit', '1.1.0', { root: rootOf(5) })
  await registry.ingest([...kit, toEntry(twin)], from)
  const check = (found: Registry): void => {
    const shown = found.get(kitId())?.versions[0]
    expect(shown).toMatchObject({ version: '1.1.0', equivocation: true })
    expect(shown?.otherReleases.map(({ hash }) => toHex(hash))).toEqual([twin.id])
    expect(found.get(kitId())?.latest?.version).toBe('1.0.0')
  }
  check(registry)
  const again = open(store)
  await again.registry.load()
  check(again.registry)
})

test('of two competing heads the same one wins at every peer, before and after a restart', async () => {
  const releases = [await alice.release('kit', '1.0.0'), await alice.release('kit', '1.1.0')]
  const heads = [await head(alice, 'kit', 3, releases.slice(0, 1)), await head(alice, 'kit', 3, releases.slice(1))]
  const all = [only(kit, 'identity'), ...releases.map(toEntry), ...heads]
  const [a, b] = [open(), open()]
  await a.registry.ingest(all, from)
  for (const entry of [...all].reverse().sort((x) => (x.kind === 'identity' ? -1 : 0)))
    await b.registry.ingest([entry], from)
  const c = open(b.store)
  expect(await c.registry.load()).toMatchObject({ droppedCount: 0 })
  for (const { registry } of [a, b, c]) {
    expect(registry.get(kitId())?.contested).toBe(true)
    expect(registry.get(kitId())).toEqual(a.registry.get(kitId()))
    expect(registry.entryIds().map(toHex).sort()).toEqual(a.registry.entryIds().map(toHex).sort())
  }
})

test('a key change drops old heads and keeps old releases, and sending old heads is not a violation', async () => {
  const nextSigner = await createSigner(new Uint8Array(32).fill(77))
  const next = await updateIdentity(
    alice.identity,
    { signingKeys: [nextSigner.publicKey] },
    [alice.rotation],
    webCrypto,
  )
  const { registry, store } = open()
  await registry.ingest(kit, from)
  const newIdentity = toEntry(await alice.identityEntry(next))
  expect(await registry.ingest([newIdentity], from)).toMatchObject({ accepted: 1 })
  expect(registry.get(kitId())).toBeUndefined()
  expect(await registry.ingest([only(kit, 'head')], from)).toMatchObject({ rejected: 0, stale: 1 })
  expect(await registry.ingest([only(kit, 'identity')], from)).toMatchObject({ rejected: 0, stale: 1 })
  const release = await alice.release('kit', '1.0.0')
  const [signed] = await alice.head('kit', 2, [{ version: '1.0.0', release: release.release.hash }], nextSigner)
  if (signed === undefined) throw new Error('no head')
  expect(await registry.ingest([toEntry(signed)], from)).toMatchObject({ accepted: 1 })
  expect(registry.get(kitId())?.latest?.version).toBe('1.0.0')
  const again = open(store)
  expect(await again.registry.load()).toMatchObject({ packages: 1, droppedCount: 0 })

  const ended = await updateIdentity(next, { revoked: true }, [alice.rotation], webCrypto)
  await registry.ingest([toEntry(await alice.identityEntry(ended))], from)
  expect(registry.size()).toBe(0)
  expect(await registry.ingest([toEntry(signed)], from)).toMatchObject({ rejected: 0, stale: 1 })
})

test('of two histories of an identity the first stays, and only the proof is shared', async () => {
  const [one, two] = await Promise.all(
    ['one', 'two'].map((name) => updateIdentity(alice.identity, { name }, [alice.rotation], webCrypto)),
  )
  if (one === undefined || two === undefined) throw new Error('no identities')
  const [first, second] = [toEntry(await alice.identityEntry(one)), toEntry(await alice.identityEntry(two))]
  const [a, b] = [open(), open()]
  await a.registry.ingest([...kit, first], from)
  await b.registry.ingest([...kit, second], from)
  const result = await a.registry.ingest([second], from)
  expect(result).toMatchObject({ accepted: 0, rejected: 0, stale: 1, failures: [{ name: 'IdentityInvalid' }] })
  await b.registry.ingest([first], from)
  expect(a.registry.get(kitId())).toMatchObject({ disputed: true, identity: { name: 'one' } })
  expect(b.registry.get(kitId())).toMatchObject({ disputed: true, identity: { name: 'two' } })
  // Both share the same entries, so there is nothing left to exchange.
  expect(a.registry.entryIds().map(toHex).sort()).toEqual(b.registry.entryIds().map(toHex).sort())
  expect(a.registry.entryIds()).toHaveLength(2)
  const again = open(a.store)
  await again.registry.load()
  expect(again.registry.get(kitId())).toMatchObject({ disputed: true, identity: { name: 'one' } })
})

test('damaged rows are dropped, reported and removed, and the rest is loaded', async () => {
  const { registry, store } = open()
  await registry.ingest([...kit, ...(await createHistory(mallory, 'tool', ['1.0.0'])).map(toEntry)], from)
  const [release] = await store.keys('releases')
  const damaged = (await store.get('releases', release ?? ''))?.slice() ?? new Uint8Array()
  damaged[40] = (damaged[40] ?? 0) ^ 1
  await store.write([
    { table: 'releases', key: release ?? '', value: damaged },
    { table: 'heads', key: 'nonsense', value: new Uint8Array(5) },
    { table: 'pages', key: 'empty', value: new Uint8Array() },
  ])
  const again = open(store)
  const report = await again.registry.load()
  expect(report).toMatchObject({ packages: 2, droppedCount: 3 })
  expect(report.dropped.map(({ table }) => table).sort()).toEqual(['heads', 'pages', 'releases'])
  expect(await open(store).registry.load()).toMatchObject({ packages: 2, droppedCount: 0 })
})

test('a damaged identity hides its packages until it arrives again, and never hides own packages', async () => {
  const { registry, store } = open()
  await registry.ingest(kit, from)
  await store.write([{ table: 'identities', key: alice.identity.publisherId, value: new Uint8Array(9) }])
  expect(await open(store).registry.load({ own: [alice.identity] })).toMatchObject({ packages: 1, droppedCount: 1 })
  expect(await open(store).registry.load()).toMatchObject({ packages: 1, droppedCount: 0 })
  await store.write([{ table: 'identities', key: alice.identity.publisherId, value: undefined }])
  const bare = open(store)
  expect(await bare.registry.load()).toMatchObject({ packages: 0, droppedCount: 3 })
  expect(await store.keys('heads')).toHaveLength(1)
  expect(await store.keys('releases')).toHaveLength(2)
  expect(await bare.registry.ingest(kit, from)).toMatchObject({ accepted: 4 })
  expect(await open(store).registry.load()).toMatchObject({ packages: 1, droppedCount: 0 })
})

test('concurrent ingests lose nothing', async () => {
  const { registry, store } = open()
  const histories = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((slug) => createHistory(alice, slug, ['1.0.0'])))
  await Promise.all(histories.map((history) => registry.ingest(history.map(toEntry), from)))
  expect(registry.size()).toBe(5)
  expect(await open(store).registry.load()).toMatchObject({ packages: 5 })
})

test('a failed write is reported, and the next one makes up for it', async () => {
  const store = createMemoryStore()
  let fails = true
  const failing: Store = {
    ...store,
    write: (changes, options) =>
      fails ? Promise.reject(new Failure('QuotaExceeded', { code: 'disk-full' })) : store.write(changes, options),
  }
  const { registry, problems } = open(failing)
  await registry.ingest(kit, from)
  expect(registry.size()).toBe(1)
  expect(problems).toMatchObject([{ name: 'QuotaExceeded' }])
  fails = false
  await registry.ingest((await createHistory(alice, 'tool', ['1.0.0'])).map(toEntry), from)
  expect(await open(store).registry.load()).toMatchObject({ packages: 2, droppedCount: 0 })
})

test('announcements and DHT values can be verified on their own', async () => {
  const a = open()
  await a.registry.ingest(kit, from)
  const bytes = a.registry.announcementFor(kitId()) ?? new Uint8Array()
  const b = open()
  expect(await b.registry.receiveAnnouncement(readAnnouncement(bytes), from)).toEqual({
    verdict: 'new',
    id: kitId(),
    publishedAt: 1,
    checks: 3,
  })
  expect(b.registry.get(kitId())?.latest?.version).toBe('1.1.0')
  // The same announcement again takes no signature check.
  expect(await b.registry.receiveAnnouncement(readAnnouncement(bytes), from)).toMatchObject({
    verdict: 'known',
    checks: 0,
  })
  const value = a.registry.dhtValueFor(kitId())
  expect(await verifyDhtValue(value?.key ?? '', value?.value ?? new Uint8Array(), webCrypto)).toMatchObject({
    ok: true,
  })
  expect(a.registry.announcementFor('nothing')).toBeUndefined()
  expect(a.registry.dhtValueFor('nothing')).toBeUndefined()

  const read = announcementCodec.decode(bytes)
  if (!read.ok) throw new Error(read.message)
  const wrong = announcementCodec.encode({ ...read.value, release: toEntry(await mallory.release('x', '1.0.0')).bytes })
  expect(await open().registry.receiveAnnouncement(readAnnouncement(wrong), from)).toMatchObject({
    verdict: 'invalid',
    failure: { name: 'IdentityInvalid' },
  })
  expect(await b.registry.receiveAnnouncement(readAnnouncement(new Uint8Array(10_000_000)), from)).toMatchObject({
    verdict: 'invalid',
    failure: { name: 'RecordTooLarge' },
  })
})

test('dependents follow the latest releases', async () => {
  const { registry } = open()
  await registry.ingest(kit, from)
  const dependency = { kind: 'package', name: 'kit', range: '^1.0.0', optional: false } as const
  const user = await alice.release('user', '1.0.0', { dependencies: [dependency] })
  await registry.ingest([toEntry(user), await head(alice, 'user', 1, [user])], from)
  expect(registry.dependentsOf(kitId()).map(({ slug }) => slug)).toEqual(['user'])
  expect(registry.dependentsOf('nothing')).toEqual([])
  const later = await alice.release('user', '2.0.0')
  await registry.ingest([toEntry(later), await head(alice, 'user', 2, [later, user])], from)
  expect(registry.dependentsOf(kitId())).toEqual([])
  expect(registry.knownVersions('kit')).toEqual(['1.1.0', '1.0.0'])
  expect(registry.knownVersions('nothing')).toBeUndefined()
})

test('an oversized entry is refused before it is hashed or verified', async () => {
  let hashed = 0
  const crypto = {
    ...webCrypto,
    sha256: (bytes: Uint8Array) => {
      hashed += bytes.length
      return webCrypto.sha256(bytes)
    },
  }
  const registry = createRegistry({ store: createMemoryStore(), crypto, onChange() {} })
  const kinds: EntryKind[] = ['identity', 'head', 'release', 'page']
  const bytes = new Uint8Array(10_000_000)
  const result = await registry.ingest(
    kinds.map((kind) => ({ kind, bytes })),
    from,
  )
  expect(result.failures.map(({ name }) => name)).toEqual(kinds.map(() => 'RecordTooLarge'))
  expect(hashed).toBe(0)
})

test('garbage is refused without a throw', async () => {
  const { registry } = open()
  await registry.ingest(kit, from)
  const kinds = fc.constantFrom('identity', 'head', 'release', 'page', 'star')
  const mutated = fc
    .tuple(fc.nat(kit.length - 1), fc.nat(600), fc.integer({ min: 1, max: 255 }))
    .map(([n, at, mask]) => (kit[n]?.bytes ?? new Uint8Array()).map((byte, i) => (i === at ? byte ^ mask : byte)))
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ kind: kinds, bytes }), { maxLength: 8 }), async (entries) => {
      const { accepted, rejected, unproven, stale } = await registry.ingest(entries, from)
      expect(rejected + unproven + stale + accepted).toBe(entries.length)
    }),
    { seed: 4, numRuns: 200 },
  )
  expect(registry.size()).toBe(1)
})
