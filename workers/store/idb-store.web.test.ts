import { deleteDB, openDB } from 'idb'
import { afterEach, expect, test, vi } from 'vitest'
import type { Failure } from '../contract/failures.ts'
import { describeStore, failureName, isSame } from '../testing/store-compliance.ts'
import { openIdbStore } from './idb-store.ts'
import { openStore } from './open-store.ts'
import { type Change, tableNames } from './store.ts'

/** Not in the library of types yet: https://wicg.github.io/storage-buckets/ */
const { storageBuckets } = navigator as unknown as {
  storageBuckets: { open(name: string, options: { quota: number }): Promise<{ indexedDB: IDBFactory }> }
}

let count = 0
const freshName = (): string => {
  count += 1
  return `ggen-test-${Date.now()}-${count}`
}

describeStore('IndexedDB', () => openIdbStore(freshName()))

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

const one: Change = { table: 'heads', key: 'a', value: Uint8Array.of(1) }

test('keeps everything across a close and a new opening', async () => {
  const name = freshName()
  const first = await openIdbStore(name)
  expect(first.persistent).toBe(true)
  const large = new Uint8Array(1024 * 1024).fill(5)
  await first.write(
    [...tableNames.map((table): Change => ({ table, key: table, value: large })), { ...one, key: 'gone' }],
    { durability: 'strict' },
  )
  await first.write([{ table: 'heads', key: 'gone', value: undefined }])
  await first.close()
  const second = await openIdbStore(name)
  for (const table of tableNames) {
    expect(await second.keys(table)).toEqual([table])
    expect(isSame(await second.get(table, table), large)).toBe(true)
  }
  await second.close()
})

test('takes over the database of an earlier version of the page, with what it holds', async () => {
  const name = freshName()
  const earlier = await openDB(name, 1, {
    upgrade(database) {
      for (const table of tableNames.filter((each) => each !== 'cache' && each !== 'records'))
        database.createObjectStore(table)
    },
  })
  await earlier.put('heads', Uint8Array.of(1), 'a')
  earlier.close()
  const store = await openIdbStore(name)
  await store.write([{ table: 'cache', key: 'c', value: Uint8Array.of(2) }])
  expect(await store.get('heads', 'a')).toEqual(Uint8Array.of(1))
  expect(await store.keys('cache')).toEqual(['c'])
  await store.close()
})

test('what was written and not awaited before close is stored', async () => {
  const name = freshName()
  const first = await openIdbStore(name)
  const writing = first.write([one])
  await first.close()
  await writing
  const second = await openIdbStore(name)
  expect(await second.get('heads', 'a')).toEqual(Uint8Array.of(1))
  await second.close()
})

test('asks the browser for the durability that the caller asks for, in one transaction', async () => {
  const store = await openIdbStore(freshName())
  const asked = vi.spyOn(IDBDatabase.prototype, 'transaction')
  await store.write([one, { table: 'pieces', key: 'p', value: Uint8Array.of(2) }], { durability: 'strict' })
  await store.write([one])
  expect(asked.mock.calls).toEqual([
    [['heads', 'pieces'], 'readwrite', { durability: 'strict' }],
    [['heads'], 'readwrite', { durability: 'relaxed' }],
  ])
  expect((asked.mock.results[0]?.value as IDBTransaction).durability).toBe('strict')
  await store.close()
})

test('a real quota of the browser is QuotaExceeded, and nothing of the write stays', async () => {
  // A storage bucket has a quota of its own, which the browser enforces as it does that of the whole origin.
  const bucket = await storageBuckets.open(freshName(), { quota: 4 * 1024 * 1024 })
  vi.stubGlobal('indexedDB', bucket.indexedDB)
  const store = await openIdbStore(freshName())
  const piece = (key: string): Change => ({ table: 'pieces', key, value: new Uint8Array(1024 * 1024).fill(1) })
  await store.write([piece('kept')])
  const refused = store.write([one, ...['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(piece)])
  expect(await failureName(refused)).toBe('QuotaExceeded')
  expect(await store.keys('heads')).toEqual([])
  expect(await store.keys('pieces')).toEqual(['kept'])
  await store.write([one])
  expect(await store.keys('heads')).toEqual(['a'])
  await store.close()
})

test('a full disk is QuotaExceeded, and nothing of the write stays', async () => {
  const store = await openIdbStore(freshName())
  const put = IDBObjectStore.prototype.put
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, value, key) {
    if (key === 'too much') throw new DOMException('full', 'QuotaExceededError')
    return put.call(this, value, key)
  })
  const refused = store.write([one, { table: 'pieces', key: 'too much', value: Uint8Array.of(2) }])
  expect(await failureName(refused)).toBe('QuotaExceeded')
  expect(await store.keys('heads')).toEqual([])
  expect(await store.keys('pieces')).toEqual([])
  await store.close()
})

test('a database that is deleted under the store is a named failure, told once', async () => {
  const name = freshName()
  const told: Failure[] = []
  const store = await openIdbStore(name, { onClosed: (reason) => told.push(reason) })
  await store.write([one])
  await deleteDB(name)
  expect(told.map((reason) => reason.name)).toEqual(['StorageUnavailable'])
  expect(told[0]?.reason.code).toBe('storage-deleted')
  expect(await failureName(store.get('heads', 'a'))).toBe('StorageUnavailable')
  expect(await failureName(store.write([one]))).toBe('StorageUnavailable')
  await store.close()
  expect(told).toHaveLength(1)
})

test('a database that the browser closes is a named failure, also for the write under way', async () => {
  const told: Failure[] = []
  const store = await openIdbStore(freshName(), { onClosed: (reason) => told.push(reason) })
  const asked = vi.spyOn(IDBDatabase.prototype, 'transaction')
  await store.write([one])
  const database = asked.mock.contexts[0] as IDBDatabase
  const writing = store.write([{ ...one, key: 'b' }])
  const transaction = asked.mock.results[1]?.value as IDBTransaction
  // What a browser does when it has to end a connection: abort what runs, then tell.
  transaction.abort()
  database.dispatchEvent(new Event('close'))
  expect(await failureName(writing)).toBe('StorageUnavailable')
  expect(told.map(({ reason }) => reason.code)).toEqual(['storage-ended-by-browser'])
  expect(await failureName(store.keys('heads'))).toBe('StorageUnavailable')
})

test('gives way to a newer version of the page in another tab', async () => {
  const name = freshName()
  const told: Failure[] = []
  const store = await openIdbStore(name, { onClosed: (reason) => told.push(reason) })
  const newer = await openDB(name, 99)
  expect(told[0]?.reason.code).toBe('storage-upgraded')
  newer.close()
  expect(await failureName(store.keys('heads'))).toBe('StorageUnavailable')
  // And an older page says so, instead of harming the newer data or beginning anew in memory beside it.
  await expect(openStore(name)).rejects.toMatchObject({ reason: { code: 'storage-newer' } })
})

test('does not wait for ever behind a tab that holds an older version, and lets go afterwards', async () => {
  const name = freshName()
  // The deletion waits for the holder, and every later opening waits for the deletion.
  const holder = await openDB(name, 1)
  const deleting = deleteDB(name)
  expect(await failureName(openIdbStore(name, { openTimeoutMs: 50 }))).toBe('StorageUnavailable')
  holder.close()
  await deleting
  const store = await openIdbStore(name)
  await store.write([one])
  await store.close()
  await deleteDB(name)
})

test('a browser that refuses IndexedDB gives a store in memory and the reason', async () => {
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  const { store, refusal } = await openStore(freshName())
  expect(store.persistent).toBe(false)
  expect(refusal?.reason.code).toBe('storage-refused')
  await store.write([one])
})

test('ignores what is not bytes: anyone can edit a browser’s database', async () => {
  const name = freshName()
  const store = await openIdbStore(name)
  await store.write([one])
  const editor = await openDB(name)
  await editor.put('heads', 'a text', 'edited')
  editor.close()
  expect(await store.get('heads', 'edited')).toBeUndefined()
  expect(await store.entries('heads')).toEqual([['a', Uint8Array.of(1)]])
  await store.close()
})
