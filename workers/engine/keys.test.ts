import { expect, test } from 'vitest'
import { createIdentity } from '../protocol/identity.ts'
import { createSigner, webCrypto, webKeys } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { loadKeys } from './keys.ts'

const machine = { crypto: webCrypto, keys: webKeys }

test('keys are generated once and stay the same', async () => {
  const store = createMemoryStore()
  const first = await loadKeys(store, machine, 'alice')
  const second = await loadKeys(store, machine, 'alice')
  expect(second.node.id).toBe(first.node.id)
  const { identity, signing, rotation } = second.publisher
  expect(identity).toEqual(first.publisher.identity)
  expect(identity.name).toBe('alice')
  expect(identity.signingKeys).toEqual([signing.publicKey])
  expect(identity.rotationKeys).toEqual([rotation.publicKey])
})

test('loads the rows of earlier versions: three seeds and a chain', async () => {
  const store = createMemoryStore()
  const [node, signing, rotation] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill))
  if (node === undefined || signing === undefined || rotation === undefined) throw new Error('three seeds')
  const { publicKey } = await createSigner(signing)
  const identity = await createIdentity(
    { name: 'alice', rotation: await createSigner(rotation), signingKey: publicKey },
    webCrypto,
  )
  await store.write([
    { table: 'keys', key: 'node', value: node },
    { table: 'keys', key: 'signing', value: signing },
    { table: 'keys', key: 'rotation', value: rotation },
    { table: 'keys', key: 'identity', value: identity.chain },
  ])
  const { publisher } = await loadKeys(store, machine, 'default')
  expect(publisher.identity).toEqual(identity)
  expect(publisher.signing.publicKey).toEqual(publicKey)
})

test('all keys come from the platform', async () => {
  let made = 0
  const keys = { ...webKeys, generateSeed: async () => new Uint8Array(32).fill(++made) }
  const { node } = await loadKeys(createMemoryStore(), { ...machine, keys }, 'alice')
  expect(made).toBe(3)
  expect(node.privateKey.publicKey).toEqual((await webKeys.privateKey(new Uint8Array(32).fill(1))).publicKey)
})

test('each profile has its own keys, and a publisher name that peers accept', async () => {
  const names = ['default', 'a/b', '@me', 'x'.repeat(200), '']
  const all = await Promise.all(names.map((name) => loadKeys(createMemoryStore(), machine, name)))
  expect(new Set(all.map(({ node }) => node.id)).size).toBe(names.length)
  for (const { publisher } of all) expect(publisher.identity.name).toMatch(/^dev-[0-9a-f]{4}$/)
})

test.each([
  ['a missing key', 'signing', undefined],
  ['a key of the wrong length', 'node', new Uint8Array(5)],
  ['a signing key that the identity does not list', 'signing', new Uint8Array(32).fill(9)],
  ['a rotation key that the identity does not list', 'rotation', new Uint8Array(32).fill(9)],
  ['a missing identity', 'identity', undefined],
  ['an identity that does not verify', 'identity', new Uint8Array(100)],
])('%s is named, and nothing is replaced', async (_, key, value) => {
  const store = createMemoryStore()
  await loadKeys(store, machine, 'default')
  await store.write([{ table: 'keys', key, value }])
  const before = await store.entries('keys')
  await expect(loadKeys(store, machine, 'default')).rejects.toMatchObject({ name: 'StorageUnavailable' })
  expect(await store.entries('keys')).toEqual(before)
})
