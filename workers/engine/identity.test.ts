import { expect, test } from 'vitest'
import type { PackageCheck } from '../contract/views.ts'
import { extendsIdentity, hasKey, type Identity, updateIdentity, verifyIdentity } from '../protocol/identity.ts'
import { createOutbox } from '../registry/outbox.ts'
import { createPublisher } from '../registry/publish.ts'
import { createRegistry, type RegistryChange } from '../registry/registry.ts'
import { resignHeads } from '../registry/resign-heads.ts'
import { webCrypto, webKeys } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createHistory, createTestPublisher, type TestPublisher, toEntry } from '../testing/test-publisher.ts'
import { createEmitter } from './emitter.ts'
import { createIdentityService } from './identity.ts'
import { loadKeys } from './keys.ts'

const machine = { crypto: webCrypto, keys: webKeys }

/** The seeds of `createTestPublisher(number)`. */
const seed = (number: number): Uint8Array => new Uint8Array(32).fill(number)

/** A disk with the keys of a test publisher. */
const diskOf = async (publisher: TestPublisher, number: number): Promise<Store> => {
  const store = createMemoryStore()
  await store.write([
    { table: 'keys', key: 'node', value: seed(200) },
    { table: 'keys', key: 'signing', value: seed(number) },
    { table: 'keys', key: 'rotation', value: seed(number + 100) },
    { table: 'keys', key: 'identity', value: publisher.identity.chain },
  ])
  return store
}

const open = async (store: Store) => {
  const records = createEmitter<RegistryChange>()
  const registry = createRegistry({ store, crypto: webCrypto, onChange: records.emit })
  const outbox = createOutbox({ store })
  const { publisher } = await loadKeys(store, machine, 'alice')
  const identity = createIdentityService({
    publisher,
    store,
    registry,
    onCatalogue: records.subscribe,
    outbox,
    ...machine,
    now: () => 7,
  })
  await registry.load({ own: [identity.current()] })
  await outbox.load()
  const releases = createPublisher({
    registry,
    outbox,
    identity,
    crypto: webCrypto,
    now: () => 7,
    hasTemplates: () => false,
  })
  const seen: Identity[] = []
  const unsubscribe = identity.subscribe((each) => seen.push(each))
  return {
    store,
    registry,
    outbox,
    identity,
    seen,
    unsubscribe,
    publish: (slug: string, version: string) =>
      releases.publish(checked(slug, version), { root: seed(9), size: 3, fileCount: 1, changes: [] }),
    yank: (slug: string, version: string) => releases.yank(`${identity.current().publisherId}/${slug}`, version),
  }
}

const checked = (slug: string, version: string): PackageCheck => ({
  ok: true,
  findings: [],
  fields: {
    slug,
    version,
    displayName: slug,
    description: '',
    category: 'backend',
    tags: [],
    keywords: [],
    license: 'MIT',
    authors: [],
    repository: '',
  },
  dependencies: [],
  files: [{ path: 'x', size: 3 }],
  size: 3,
  leftOut: [],
})

const rows = async (store: Store): Promise<unknown> =>
  Promise.all((['keys', 'identities', 'heads', 'outbox'] as const).map((table) => store.entries(table)))

test('a change is durable with its keys, heads and outbox entry when it resolves', async () => {
  const alice = await createTestPublisher(1)
  const { store, registry, outbox, identity, seen } = await open(await diskOf(alice, 1))
  await registry.ingest((await createHistory(alice, 'kit', ['1.1.0', '1.0.0'])).map(toEntry), { from: 'test' })
  const before = identity.current()
  const next = await identity.update({ name: 'alicia', newSigningKey: true, newRotationKey: true })

  expect(next).toMatchObject({ name: 'alicia', seq: 2, publisherId: before.publisherId })
  expect(extendsIdentity(next, before)).toBe(true)
  expect(identity.current()).toEqual(next)
  expect(seen).toEqual([next])
  expect(hasKey(next.signingKeys, alice.signer.publicKey)).toBe(false)
  expect(hasKey(next.rotationKeys, alice.rotation.publicKey)).toBe(false)
  expect(outbox.identityChange()).toMatchObject({ publisher: next.publisherId, seq: 2 })

  const again = await open(store)
  expect(again.identity.current()).toEqual(next)
  expect(again.outbox.identityChange()).toEqual(outbox.identityChange())
  const [kit] = again.registry.packagesOf(next.publisherId)
  expect(kit?.head.head.seq).toBe(2)
  expect(kit?.versions.map(({ release }) => release?.release.version)).toEqual(['1.1.0', '1.0.0'])
  expect(hasKey(next.signingKeys, again.identity.signer('head').publicKey)).toBe(true)
  expect(hasKey(next.rotationKeys, again.identity.signer('rotation').publicKey)).toBe(true)
  // The new rotation key signs the next document.
  expect((await again.identity.update({ name: 'alice' })).seq).toBe(3)
})

test('a change is stored in one strict write', async () => {
  const alice = await createTestPublisher(1)
  const disk = await diskOf(alice, 1)
  const writes: { tables: string[]; durability: string | undefined }[] = []
  const store: Store = {
    ...disk,
    async write(changes, options) {
      writes.push({ tables: [...new Set(changes.map(({ table }) => table))].sort(), durability: options?.durability })
      await disk.write(changes, options)
    },
  }
  const { registry, identity } = await open(store)
  await registry.ingest((await createHistory(alice, 'kit', ['1.0.0'])).map(toEntry), { from: 'test' })
  writes.length = 0
  await identity.update({ newSigningKey: true, newRotationKey: true })
  expect(writes[0]).toEqual({ tables: ['heads', 'identities', 'keys', 'outbox'], durability: 'strict' })
  expect(writes.slice(1).filter(({ tables }) => tables.includes('keys') || tables.includes('outbox'))).toEqual([])
})

test('packages with pages of older versions stay complete under a new signing key', async () => {
  const alice = await createTestPublisher(1)
  const { store, registry, identity } = await open(await diskOf(alice, 1))
  const versions = Array.from({ length: 150 }, (_, n) => `1.0.${150 - n}`)
  await registry.ingest((await createHistory(alice, 'kit', versions)).map(toEntry), { from: 'test' })
  const [before] = registry.packagesOf(alice.identity.publisherId)
  await identity.update({ newSigningKey: true })
  for (const each of [registry, (await open(store)).registry]) {
    const [kit] = each.packagesOf(alice.identity.publisherId)
    expect(before?.complete).toBe(true)
    expect(kit?.complete).toBe(true)
    expect(kit?.entries).toEqual(before?.entries)
  }
})

test('two concurrent changes are two consecutive documents', async () => {
  const { identity, seen } = await open(createMemoryStore())
  const first = identity.current()
  await Promise.all([identity.update({ name: 'one' }), identity.update({ newSigningKey: true })])
  const last = identity.current()
  expect(last).toMatchObject({ name: 'one', seq: 3 })
  expect(extendsIdentity(last, first)).toBe(true)
  expect(seen.map(({ seq }) => seq)).toEqual([2, 3])
})

test('an update without a change adds no document', async () => {
  const { store, identity, seen } = await open(createMemoryStore())
  const before = await rows(store)
  await identity.update({})
  await identity.update({ name: identity.current().name })
  expect(identity.current().seq).toBe(1)
  expect(seen).toEqual([])
  expect(await rows(store)).toEqual(before)
})

test('a change that cannot be stored changes nothing', async () => {
  const disk = createMemoryStore()
  let isFull = false
  const store: Store = {
    ...disk,
    write: (...given) => (isFull ? Promise.reject(new Error('full')) : disk.write(...given)),
  }
  const { registry, outbox, identity, seen } = await open(store)
  const before = await rows(store)
  const [chain, key] = [identity.current(), identity.signer('head').publicKey]
  isFull = true
  await expect(identity.update({ newSigningKey: true })).rejects.toMatchObject({ name: 'Internal' })
  isFull = false
  expect(await rows(store)).toEqual(before)
  expect(identity.current()).toBe(chain)
  expect(identity.signer('head').publicKey).toEqual(key)
  expect(registry.identityOf(chain.publisherId)).toBe(chain)
  expect(outbox.identityChange()).toBeUndefined()
  expect(seen).toEqual([])
  expect((await identity.update({ newSigningKey: true })).seq).toBe(2)
})

test('a name that peers refuse fails by name and changes nothing', async () => {
  const { identity } = await open(createMemoryStore())
  await expect(identity.update({ name: 'a/b' })).rejects.toMatchObject({ name: 'RecordMalformed' })
  expect(identity.current().seq).toBe(1)
})

test('damaged keys stop a change and are not overwritten', async () => {
  const { store, identity } = await open(createMemoryStore())
  await store.write([{ table: 'keys', key: 'identity', value: new Uint8Array(9) }])
  const before = await rows(store)
  await expect(identity.update({ name: 'other' })).rejects.toMatchObject({ name: 'StorageUnavailable' })
  expect(await rows(store)).toEqual(before)
})

test('a change builds on one that a frozen tab of the same profile has stored meanwhile', async () => {
  const alice = await createTestPublisher(1)
  const store = await diskOf(alice, 1)
  const [frozen, leader] = [await open(store), await open(store)]
  for (const { registry } of [frozen, leader]) {
    await registry.ingest((await createHistory(alice, 'kit', ['1.0.0'])).map(toEntry), { from: 'test' })
  }
  const before = await frozen.identity.update({ newSigningKey: true })
  // Even if the update turns out to change nothing.
  await leader.identity.update({})
  expect(leader.identity.current()).toEqual(before)
  expect(leader.registry.packagesOf(before.publisherId)).toHaveLength(1)
  const after = await leader.identity.update({ name: 'leader' })
  expect(extendsIdentity(after, before)).toBe(true)
  expect(leader.identity.signer('head').publicKey).toEqual(frozen.identity.signer('head').publicKey)
  const next = await open(store)
  expect(next.registry.packagesOf(after.publisherId)).toHaveLength(1)
})

test('what is published after a frozen tab has stored a change is signed by the keys of that change', async () => {
  const alice = await createTestPublisher(1)
  const store = await diskOf(alice, 1)
  const [frozen, leader] = [await open(store), await open(store)]
  const changed = await frozen.identity.update({ newSigningKey: true })
  await leader.publish('kit', '1.0.0')
  expect(leader.identity.current()).toEqual(changed)
  const next = await open(store)
  const [kit] = next.registry.packagesOf(changed.publisherId)
  expect(kit?.versions.map(({ release }) => release?.release.version)).toEqual(['1.0.0'])
  await frozen.identity.update({ newSigningKey: true })
  await leader.yank('kit', '1.0.0')
  expect((await open(store)).registry.packagesOf(changed.publisherId)[0]?.versions).toMatchObject([{ yanked: true }])
})

test('a chain that another device has extended is followed, and its keys are named when they replaced ours', async () => {
  const alice = await createTestPublisher(1)
  const { registry, identity, seen } = await open(await diskOf(alice, 1))
  await registry.ingest((await createHistory(alice, 'kit', ['1.0.0'])).map(toEntry), { from: 'test' })
  const renamed = await updateIdentity(alice.identity, { name: 'elsewhere' }, [alice.rotation], webCrypto)
  await registry.ingest([{ kind: 'identity', bytes: renamed.chain }], { from: 'test' })
  expect(identity.current()).toMatchObject({ name: 'elsewhere', seq: 2 })
  expect(seen.map(({ name }) => name)).toEqual(['elsewhere'])
  expect(extendsIdentity(await identity.update({ name: 'here' }), renamed)).toBe(true)

  const replaced = await updateIdentity(
    identity.current(),
    { signingKeys: [(await createTestPublisher(2)).signer.publicKey] },
    [alice.rotation],
    webCrypto,
  )
  await registry.ingest([{ kind: 'identity', bytes: replaced.chain }], { from: 'test' })
  expect(() => identity.signer('head')).toThrow('keys-replaced')
  // The rotation key is still listed: it can add this device again.
  const back = await identity.update({ newSigningKey: true })
  expect(back.signingKeys).toHaveLength(2)
  expect(hasKey(back.signingKeys, identity.signer('head').publicKey)).toBe(true)
})

test('a revoked identity signs and changes nothing', async () => {
  const { store, identity } = await open(createMemoryStore())
  const ended = await identity.update({ revoked: true })
  expect(ended).toMatchObject({ revoked: true, signingKeys: [] })
  for (const role of ['release', 'head', 'rotation'] as const) {
    expect(() => identity.signer(role)).toThrow(expect.objectContaining({ name: 'IdentityInvalid' }))
  }
  await expect(identity.update({ name: 'back' })).rejects.toMatchObject({ name: 'IdentityInvalid' })
  expect((await open(store)).identity.current().revoked).toBe(true)
})

test('a removed listener is not called', async () => {
  const { identity, seen, unsubscribe } = await open(createMemoryStore())
  unsubscribe()
  await identity.update({ name: 'other' })
  expect(seen).toEqual([])
  expect((await verifyIdentity(identity.current().chain, webCrypto)).ok).toBe(true)
})

test('a re-signed head keeps versions whose pages are missing', async () => {
  const alice = await createTestPublisher(1)
  const { registry } = await open(await diskOf(alice, 1))
  const versions = Array.from({ length: 60 }, (_, n) => `1.0.${60 - n}`)
  const entries = (await createHistory(alice, 'kit', versions)).filter(({ kind }) => kind !== 'page')
  await registry.ingest(entries.map(toEntry), { from: 'test' })
  const [kit] = registry.packagesOf(alice.identity.publisherId)
  const [head, ...others] = await resignHeads(registry, alice.identity.publisherId, alice.signer, webCrypto)
  expect(kit?.complete).toBe(false)
  expect(others).toEqual([])
  expect(head).toMatchObject({ kind: 'head', head: { head: { ...kit?.head.head, seq: 2 } } })
})
