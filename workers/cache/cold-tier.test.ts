import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Failure } from '../contract/failures.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createStoredCache, type Note, noteCodec, type StoredCache, watch } from '../testing/cache-fixtures.ts'
import { readColdName } from './cold-record.ts'
import { createColdTier, type StoredColdTier } from './cold-tier.ts'
import { type CacheLimits, defaultCacheLimits } from './limits.ts'

const dayMs = 86_400_000
let clock = 0

beforeEach(() => {
  clock = 1_800_000_000_000
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

const open = (store: Store, limits: Partial<CacheLimits> = {}): StoredColdTier =>
  createColdTier({ store, table: 'cache', limits: { ...defaultCacheLimits, ...limits }, now: () => clock })

const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill)

const keysIn = async (store: Store): Promise<string[]> =>
  (await store.keys('cache')).map((name) => readColdName(name)?.key ?? `litter ${name}`).sort()

test('batches delayed writes in one transaction, and reads pending entries', async () => {
  const store = watch(createMemoryStore())
  const cold = open(store)
  for (let n = 0; n < 50; n += 1) cold.put(`k${n}`, bytes(10, n), clock)
  cold.put('k0', bytes(10, 99), clock)
  expect((await cold.read('k0'))?.bytes).toEqual(bytes(10, 99))
  expect(store.writes).toHaveLength(0)
  await vi.advanceTimersByTimeAsync(defaultCacheLimits.writeDelayMs)
  expect(store.writes.map((changes) => changes.length)).toEqual([50])
  expect(cold.stats()).toMatchObject({ entries: 50, pending: 0 })
  expect((await cold.read('k0'))?.bytes).toEqual(bytes(10, 99))
})

test('writes a full batch without delay', async () => {
  const store = watch(createMemoryStore())
  const cold = open(store, { writeDelayMs: 1_000_000 })
  for (let n = 0; n < 128; n += 1) cold.put(`k${n}`, bytes(10), clock)
  await vi.advanceTimersByTimeAsync(0)
  expect(store.writes.map((changes) => changes.length)).toEqual([128])
})

test('replaces an old value in one write', async () => {
  const store = createMemoryStore()
  const cold = open(store)
  cold.put('k', bytes(10, 1), clock)
  await cold.flush()
  cold.put('k', bytes(20, 2), clock + 1)
  await cold.flush()
  expect(await keysIn(store)).toEqual(['k'])
  expect(await cold.read('k')).toEqual({ bytes: bytes(20, 2), at: clock + 1 })
})

test('bounds bytes and entries, and evicts the least recently used', async () => {
  const store = createMemoryStore()
  const cold = open(store, { coldEntries: 3, coldBytes: 1_000 })
  for (const key of ['a', 'b', 'c']) cold.put(key, bytes(10), clock)
  await cold.flush()
  await cold.read('a')
  cold.put('d', bytes(10), clock)
  await cold.flush()
  expect(await keysIn(store)).toEqual(['a', 'c', 'd'])
  cold.put('large', bytes(800), clock)
  await cold.flush()
  expect(await keysIn(store)).toEqual(['a', 'd', 'large'])
  expect(cold.stats().bytes).toBeLessThanOrEqual(1_000)
  expect(cold.stats().evictions).toBe(2)
  cold.put('larger', bytes(1_200), clock)
  await cold.flush()
  expect((await keysIn(store)).includes('larger')).toBe(false)
})

test('keeps the newest entries of a batch that exceeds the budget', async () => {
  const store = createMemoryStore()
  const cold = open(store, { coldEntries: 2 })
  for (const key of ['a', 'b', 'c', 'd']) cold.put(key, bytes(10), clock)
  await cold.flush()
  expect(await keysIn(store)).toEqual(['c', 'd'])
  expect((await cold.read('d'))?.bytes).toEqual(bytes(10))
  expect(await cold.read('a')).toBeUndefined()
})

test('a new instance finds stored entries, and removes expired and invalid ones', async () => {
  const store = createMemoryStore()
  const first = open(store)
  first.put('old', bytes(10), clock - 6 * dayMs)
  first.put('new', bytes(10), clock)
  await first.stop()
  await store.write([{ table: 'cache', key: 'rubbish', value: bytes(3) }])
  clock += dayMs
  const second = open(store)
  expect(await second.read('new')).toEqual({ bytes: bytes(10), at: clock - dayMs })
  expect(await second.read('old')).toBeUndefined()
  await second.flush()
  expect(await keysIn(store)).toEqual(['new'])
})

/** A store full of entries that have expired since. */
const storeOfExpired = async (count: number) => {
  const store = watch(createMemoryStore())
  const first = open(store)
  for (let n = 0; n < count; n += 1) first.put(`k${n}`, bytes(10), clock)
  await first.stop()
  clock += 8 * dayMs
  store.writes.length = 0
  return store
}

test('removes many expired entries in small writes, between which other tasks run', async () => {
  const store = await storeOfExpired(1_300)
  const cold = open(store)
  await cold.read('any')
  const flushed = cold.flush()
  cold.put('new', bytes(10), clock)
  // Without a turn of the event loop, only promises advance.
  for (let n = 0; n < 1_000; n += 1) await Promise.resolve()
  expect(store.writes).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(defaultCacheLimits.writeDelayMs)
  await flushed
  expect(store.writes.map((changes) => changes.length)).toEqual([513, 512, 276])
  expect(await keysIn(store)).toEqual(['new'])
})

test('does not finish a long removal before it stops; the next instance does', async () => {
  const store = await storeOfExpired(1_300)
  const cold = open(store)
  await cold.read('any')
  void cold.flush()
  const stopped = cold.stop()
  await vi.advanceTimersByTimeAsync(10)
  await stopped
  expect((await keysIn(store)).length).toBeGreaterThan(0)
  expect(store.writes.length).toBeLessThan(3)
  const next = open(store)
  await next.read('any')
  await vi.advanceTimersByTimeAsync(defaultCacheLimits.writeDelayMs + 10)
  await next.flush()
  expect(await keysIn(store)).toEqual([])
})

test('retries the removal of expired entries after a failure of the store', async () => {
  const store = await storeOfExpired(600)
  const cold = open(store)
  await cold.read('any')
  store.refusal = new Failure('StorageUnavailable', { code: 'storage-closed' })
  await cold.flush()
  expect(cold.stats().failures).toBe(1)
  store.refusal = undefined
  await vi.advanceTimersByTimeAsync(10_000)
  expect(await keysIn(store)).toEqual([])
})

test('applies a smaller budget after a restart', async () => {
  const store = createMemoryStore()
  const first = open(store)
  for (let n = 0; n < 20; n += 1) first.put(`k${n}`, bytes(100), clock + n)
  await first.stop()
  const second = open(store, { coldBytes: 1_000 })
  await second.read('k19')
  await second.flush()
  expect(second.stats().bytes).toBeLessThanOrEqual(1_000)
  const kept = await keysIn(store)
  expect(kept).toContain('k19')
  expect(kept).not.toContain('k0')
})

test('retains entries while the store fails, and retries with backoff', async () => {
  const store = watch(createMemoryStore())
  const cold = open(store)
  await cold.read('index is read')
  store.refusal = new Failure('StorageUnavailable', { code: 'storage-closed' })
  cold.put('k', bytes(10, 1), clock)
  await vi.advanceTimersByTimeAsync(10_000)
  const { failures } = cold.stats()
  expect(failures).toBeGreaterThan(2)
  expect(failures).toBeLessThan(8)
  expect((await cold.read('k'))?.bytes).toEqual(bytes(10, 1))
  // Only the newer of two pending values is written.
  cold.put('k', bytes(10, 2), clock)
  store.refusal = undefined
  await vi.advanceTimersByTimeAsync(60_000)
  expect(cold.stats()).toMatchObject({ pending: 0, entries: 1 })
  expect((await open(store).read('k'))?.bytes).toEqual(bytes(10, 2))
})

test('writes a value put while the write of an older one fails', async () => {
  const store = watch(createMemoryStore())
  const cold = open(store)
  const { write } = store
  const refused = Promise.withResolvers<void>()
  store.write = () => refused.promise
  cold.put('k', bytes(10, 1), clock)
  const flushing = cold.flush()
  await vi.advanceTimersByTimeAsync(0)
  cold.put('k', bytes(10, 2), clock)
  refused.reject(new Failure('StorageUnavailable', { code: 'storage-closed' }))
  await flushing
  store.write = write
  expect((await cold.read('k'))?.bytes).toEqual(bytes(10, 2))
  await cold.flush()
  expect((await open(store).read('k'))?.bytes).toEqual(bytes(10, 2))
})

test('a store that fails from the start reads as empty until it recovers', async () => {
  const store = watch(createMemoryStore())
  store.refusal = new Failure('StorageUnavailable', { code: 'storage-closed' })
  const cold = open(store)
  expect(await cold.read('k')).toBeUndefined()
  cold.put('k', bytes(10), clock)
  await vi.advanceTimersByTimeAsync(5_000)
  store.refusal = undefined
  await vi.advanceTimersByTimeAsync(60_000)
  expect(await keysIn(store)).toEqual(['k'])
})

test('bounds pending entries while the store fails', async () => {
  const store = watch(createMemoryStore())
  store.refusal = new Failure('StorageUnavailable', { code: 'storage-closed' })
  const cold = open(store, { pendingBytes: 1_000 })
  for (let n = 0; n < 100; n += 1) cold.put(`k${n}`, bytes(100), clock)
  expect(cold.stats().pending).toBe(10)
  expect(await cold.read('k99')).toBeDefined()
})

test('halves the budget when the quota is exceeded', async () => {
  const store = createMemoryStore({ quotaBytes: 10_000 })
  const cold = open(store)
  for (let n = 0; n < 40; n += 1) {
    cold.put(`k${n}`, bytes(400), clock)
    await cold.flush()
    await vi.advanceTimersByTimeAsync(2_000)
  }
  expect(cold.stats().failures).toBeGreaterThan(0)
  expect(cold.stats()).toMatchObject({ pending: 0 })
  expect(cold.stats().bytes).toBeLessThan(6_000)
  expect(await cold.read('k39')).toBeDefined()
  await store.write([{ table: 'pieces', key: 'p', value: bytes(4_000) }])
})

test('stop writes pending entries and leaves no timer, even when the store fails', async () => {
  const store = watch(createMemoryStore())
  const cold = open(store)
  cold.put('k', bytes(10), clock)
  await cold.stop()
  expect(await keysIn(store)).toEqual(['k'])
  const other = open(store)
  store.refusal = new Failure('StorageUnavailable', { code: 'storage-closed' })
  other.put('l', bytes(10), clock)
  await other.stop()
  expect(vi.getTimerCount()).toBe(0)
})

const cacheOver = (store: Store, load: (key: string) => Promise<Note | undefined>): StoredCache<Note> =>
  createStoredCache({ store, codec: noteCodec, load, now: () => clock })

const damage = async (store: Store, change: (bytes: Uint8Array) => Uint8Array): Promise<void> => {
  for (const [key, value] of await store.entries('cache'))
    await store.write([{ table: 'cache', key, value: change(value.slice()) }])
}

test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ['one flipped bit', (bytes) => bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 4 : byte))],
  ['cut off', (bytes) => bytes.subarray(0, bytes.length - 3)],
  ['emptied', () => new Uint8Array()],
  ['replaced by zeros', (bytes) => bytes.fill(0)],
])('an entry corrupted on disk (%s) is a miss, and is removed', async (_, change) => {
  const store = createMemoryStore()
  const first = cacheOver(store, async () => undefined)
  for (let n = 0; n < 10; n += 1) first.put(`k${n}`, { text: `value ${n}` })
  await first.stop()
  await damage(store, change)
  const second = cacheOver(store, async (key) => ({ text: `again ${key}` }))
  for (let n = 0; n < 10; n += 1)
    expect(await second.get(`k${n}`)).toEqual({ value: { text: `again k${n}` }, from: 'loaded' })
  expect(second.stats().cold).toMatchObject({ corrupt: 10, hits: 0, misses: 10 })
  await second.stop()
  expect(await cacheOver(store, async () => undefined).get('k3')).toMatchObject({ from: 'cold' })
})

test('drops an intact entry that does not decode', async () => {
  const store = createMemoryStore()
  const cold = open(store)
  cold.put('k', new TextEncoder().encode('of another kind'), clock)
  await cold.stop()
  const cache = cacheOver(store, async () => undefined)
  expect(await cache.get('k')).toEqual({ value: undefined, from: 'none' })
  expect(cache.stats().cold).toMatchObject({ corrupt: 1, hits: 0, misses: 1 })
  await cache.stop()
  expect(await store.keys('cache')).toEqual([])
})

test('does not treat an entry replaced during a read as damaged', async () => {
  const store = watch(createMemoryStore())
  const cold = open(store)
  cold.put('k', bytes(10, 1), clock)
  await cold.flush()
  const [reached, committed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { get, write } = store
  store.get = async (table, key) => {
    await reached.promise
    return get(table, key)
  }
  const reading = cold.read('k')
  await vi.advanceTimersByTimeAsync(0)
  // Committed in the store but not yet acknowledged.
  store.write = async (changes) => {
    await write(changes)
    reached.resolve()
    await committed.promise
  }
  cold.put('k', bytes(10, 2), clock + 1)
  const flushing = cold.flush()
  await reading
  committed.resolve()
  await flushing
  store.get = get
  expect(cold.stats().corrupt).toBe(0)
  expect((await cold.read('k'))?.bytes).toEqual(bytes(10, 2))
})

test('a failed write-behind keeps the entry in memory', async () => {
  const store = watch(createMemoryStore())
  store.refusal = new Failure('QuotaExceeded', { code: 'disk-full' })
  const cache = cacheOver(store, async (key) => ({ text: key }))
  for (let n = 0; n < 500; n += 1) await cache.get(`k${n}`)
  await vi.advanceTimersByTimeAsync(120_000)
  for (let n = 0; n < 500; n += 1) expect(cache.peek(`k${n}`)).toEqual({ text: `k${n}` })
  await cache.stop()
})
