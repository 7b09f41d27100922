import { expect, test } from 'vitest'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { loadKeys } from './keys.ts'

test('keys are made once and are the same afterwards', async () => {
  const store = createMemoryStore()
  const first = await loadKeys(store, webCrypto, 'alice')
  const second = await loadKeys(store, webCrypto, 'alice')
  expect(second.nodeId).toBe(first.nodeId)
  expect(second.identity.publisherId).toBe(first.identity.publisherId)
  expect(second.identity.name).toBe('alice')
  expect(second.identity.signingKeys[0]).toEqual(second.signer.publicKey)
})

test('each profile has keys of its own, and a name that peers accept whatever the profile is called', async () => {
  const names = ['default', 'a/b', '@me', 'x'.repeat(200), '']
  const all = await Promise.all(names.map((name) => loadKeys(createMemoryStore(), webCrypto, name)))
  expect(new Set(all.map(({ nodeId }) => nodeId)).size).toBe(names.length)
  for (const { identity } of all) expect(identity.name).toMatch(/^dev-[0-9a-f]{4}$/)
})

test.each([
  ['a missing key', 'signing', undefined],
  ['a key of the wrong length', 'node', new Uint8Array(5)],
  ['an identity that does not verify', 'identity', new Uint8Array(100)],
])('%s is named, and nothing is replaced', async (_, key, value) => {
  const store = createMemoryStore()
  await loadKeys(store, webCrypto, 'default')
  await store.write([{ table: 'keys', key, value }])
  const before = await store.entries('keys')
  await expect(loadKeys(store, webCrypto, 'default')).rejects.toMatchObject({ name: 'StorageUnavailable' })
  expect(await store.entries('keys')).toEqual(before)
})
