import { deleteDB, openDB } from 'idb'
import { afterEach, expect, test, vi } from 'vitest'
import type { Failure } from '../contract/failures.ts'
import { describeStore, failureName, isSame } from '../testing/store-compliance.ts'
import { openIdbStore } from './idb-store.ts'
import { openStore } from './open-store.ts'
import { type Change, tableNames } from './store.ts'

/** Not in the standard types yet: https://wicg.github.io/storage-buckets/ */
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

test('keeps everything across closing and reopening', async () => {
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

test('migrates the database of an earlier version with its contents', async () => {
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

test('stores writes that were not awaited before close', async () => {
  const name = freshName()
  const first = await openIdbStore(name)
  const writing = first.write([one])
  await first.close()
  await writing
  const second = await openIdbStore(name)
  expect(await second.get('heads', 'a')).toEqual(Uint8Array.of(1))
  await second.close()
})

test('passes the requested durability to the browser, in one transaction', async () => {
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

test('exceeding a real browser quota is QuotaExceeded and leaves nothing of the write', async () => {
  // A storage bucket has its own quota, which the browser enforces like that of the origin.
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

test('a full disk is QuotaExceeded and leaves nothing of the write', async () => {
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

test('a database deleted while open is a named failure, reported once', async () => {
  const name = freshName()
  const reported: Failure[] = []
  const store = await openIdbStore(name, { onClosed: (reason) => reported.push(reason) })
  await store.write([one])
  await deleteDB(name)
  expect(reported.map((reason) => reason.name)).toEqual(['StorageUnavailable'])
  expect(reported[0]?.reason.code).toBe('storage-deleted')
  expect(await failureName(store.get('heads', 'a'))).toBe('StorageUnavailable')
  expect(await failureName(store.write([one]))).toBe('StorageUnavailable')
  await store.close()
  expect(reported).toHaveLength(1)
})

test('a database closed by the browser is a named failure, also for a pending write', async () => {
  const reported: Failure[] = []
  const store = await openIdbStore(freshName(), { onClosed: (reason) => reported.push(reason) })
  const asked = vi.spyOn(IDBDatabase.prototype, 'transaction')
  await store.write([one])
  const database = asked.mock.contexts[0] as IDBDatabase
  const writing = store.write([{ ...one, key: 'b' }])
  const transaction = asked.mock.results[1]?.value as IDBTransaction
  // A browser that closes a connection aborts its transactions, then emits an event.
  transaction.abort()
  database.dispatchEvent(new Event('close'))
  expect(await failureName(writing)).toBe('StorageUnavailable')
  expect(reported.map(({ reason }) => reason.code)).toEqual(['storage-ended-by-browser'])
  expect(await failureName(store.keys('heads'))).toBe('StorageUnavailable')
})

test('closes for a newer version of the page in another tab', async () => {
  const name = freshName()
  const reported: Failure[] = []
  const store = await openIdbStore(name, { onClosed: (reason) => reported.push(reason) })
  const newer = await openDB(name, 99)
  expect(reported[0]?.reason.code).toBe('storage-upgraded')
  newer.close()
  expect(await failureName(store.keys('heads'))).toBe('StorageUnavailable')
  // The older page fails instead of damaging newer data or starting an empty profile in memory.
  await expect(openStore(name)).rejects.toMatchObject({ reason: { code: 'storage-newer' } })
})

test('stops waiting for a tab with an older version and closes a late connection', async () => {
  const name = freshName()
  // The deletion waits for the open connection, and every later opening waits for the deletion.
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

test('falls back to a store in memory, with the reason, without IndexedDB', async () => {
  vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  const { store, refusal } = await openStore(freshName())
  expect(store.persistent).toBe(false)
  expect(refusal?.reason.code).toBe('storage-refused')
  await store.write([one])
})

test('ignores values other than bytes, since anyone can edit a browser’s database', async () => {
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
