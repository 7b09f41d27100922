import { expect, test } from 'vitest'
import { openStore } from './open-store.ts'

// Node has no IndexedDB and stands in for a browser that refuses it.
test('falls back to memory without IndexedDB and returns the reason', async () => {
  const { store, refusal } = await openStore('ggen-none')
  expect(store.persistent).toBe(false)
  expect(refusal?.name).toBe('StorageUnavailable')
  expect(refusal?.reason.code).toBe('storage-refused')
  await store.write([{ table: 'keys', key: 'node', value: Uint8Array.of(1) }])
  expect(await store.get('keys', 'node')).toEqual(Uint8Array.of(1))
})
