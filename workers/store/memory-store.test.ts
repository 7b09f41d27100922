import { expect, test } from 'vitest'
import { describeStore, failureName } from '../testing/store-compliance.ts'
import { createMemoryStore } from './memory-store.ts'

describeStore('memory', async () => createMemoryStore())

const filled = (length: number): Uint8Array => new Uint8Array(length).fill(7)

test('reports that it is not persistent', () => {
  expect(createMemoryStore().persistent).toBe(false)
})

test('rejects writes over the quota, keeps its contents and accepts more after a deletion', async () => {
  const store = createMemoryStore({ quotaBytes: 10 })
  await store.write([{ table: 'pieces', key: 'a', value: filled(6) }])
  const refused = store.write([
    { table: 'pieces', key: 'a', value: undefined },
    { table: 'pieces', key: 'b', value: filled(4) },
    { table: 'heads', key: 'c', value: filled(7) },
  ])
  expect(await failureName(refused)).toBe('QuotaExceeded')
  expect(await store.entries('pieces')).toEqual([['a', filled(6)]])
  expect(await store.keys('heads')).toEqual([])
  // A replacement counts once; a deletion frees its bytes.
  await store.write([{ table: 'pieces', key: 'a', value: filled(10) }])
  await store.write([
    { table: 'pieces', key: 'a', value: undefined },
    { table: 'pieces', key: 'a', value: filled(1) },
    { table: 'heads', key: 'c', value: filled(9) },
  ])
  expect(await store.keys('heads')).toEqual(['c'])
  expect(await failureName(store.write([{ table: 'heads', key: 'd', value: filled(1) }]))).toBe('QuotaExceeded')
  await store.write([{ table: 'heads', key: 'c', value: undefined }])
  await store.write([{ table: 'heads', key: 'd', value: filled(9) }])
})
