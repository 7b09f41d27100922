import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBoundedDatastore, type Datastore } from './bounded-datastore.ts'

type Key = Parameters<Datastore['get']>[0]

/** The datastore uses only the text of a key. */
const key = (text: string): Key => ({ toString: () => text }) as unknown as Key

const bytes = (length: number): Uint8Array => new Uint8Array(length).fill(1)

const keys = async (store: Datastore, prefix?: string): Promise<string[]> => {
  const found: string[] = []
  for await (const { key: each } of store.query(prefix === undefined ? {} : { prefix })) found.push(String(each))
  return found
}

describe('the bounded datastore', () => {
  test('stores, returns and deletes values', async () => {
    const store = createBoundedDatastore({ maxBytes: 10_000, maxEntries: 10 })
    await store.put(key('/dht/record/A'), bytes(3))
    expect(await store.get(key('/dht/record/A'))).toEqual(bytes(3))
    expect(await store.has(key('/dht/record/A'))).toBe(true)
    await store.delete(key('/dht/record/A'))
    expect(() => store.get(key('/dht/record/A'))).toThrowError(expect.objectContaining({ name: 'NotFoundError' }))
    expect(store.usage()).toEqual({ entries: 0, bytes: 0 })
  })

  test('evicts the least recently used entry over its limit', async () => {
    const store = createBoundedDatastore({ maxBytes: 100_000, maxEntries: 2 })
    await store.put(key('/dht/1'), bytes(1))
    await store.put(key('/dht/2'), bytes(1))
    await store.get(key('/dht/1'))
    await store.put(key('/dht/3'), bytes(1))
    expect((await keys(store)).sort()).toEqual(['/dht/1', '/dht/3'])
  })

  test('stays within its byte limit while values are put and replaced', async () => {
    const store = createBoundedDatastore({ maxBytes: 5_000, maxEntries: 1_000 })
    for (let n = 0; n < 200; n += 1) await store.put(key(`/dht/${n % 30}`), bytes((n * 37) % 900))
    expect(store.usage().bytes).toBeLessThanOrEqual(5_000)
    expect(store.usage().entries).toBeGreaterThan(3)
  })

  test('DHT records of other peers do not evict the peer store', async () => {
    const store = createBoundedDatastore({ maxBytes: 5_000, maxEntries: 5 })
    await store.put(key('/peers/a'), bytes(10))
    for (let n = 0; n < 100; n += 1) await store.put(key(`/dht/record/${n}`), bytes(100))
    expect(await keys(store, '/peers')).toEqual(['/peers/a'])
    expect(await keys(store, '/dht/')).toHaveLength(5)
  })

  test('rejects values larger than any record', () => {
    const store = createBoundedDatastore({ maxBytes: 1_000_000, maxEntries: 5 })
    expect(() => store.put(key('/dht/a'), bytes(65_537))).toThrow(RangeError)
  })
})

test('usage equals the stored entries and stays within both bounds after any sequence of calls', async () => {
  const step = fc.record({
    do: fc.constantFrom('put' as const, 'get' as const, 'delete' as const),
    name: fc.constantFrom(...['/dht/a', '/dht/bb', '/dht/ccc', '/peers/a', '/peers/bb', '/peers/ccc']),
    length: fc.nat(400),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const store = createBoundedDatastore({ maxBytes: 700, maxEntries: 2 })
      for (const { do: action, name, length } of steps) {
        if (action === 'put') await store.put(key(name), bytes(length))
        else if (action === 'delete') await store.delete(key(name))
        else if (await store.has(key(name))) await store.get(key(name))
        const kept: { name: string; bytes: number }[] = []
        for await (const pair of store.query({})) {
          kept.push({ name: String(pair.key), bytes: String(pair.key).length + pair.value.length + 128 })
        }
        const sum = (entries: typeof kept): number => entries.reduce((total, each) => total + each.bytes, 0)
        expect(store.usage()).toEqual({ entries: kept.length, bytes: sum(kept) })
        for (const side of [
          kept.filter((each) => each.name.startsWith('/dht/')),
          kept.filter((each) => !each.name.startsWith('/dht/')),
        ]) {
          expect(side.length).toBeLessThanOrEqual(2)
          expect(sum(side)).toBeLessThanOrEqual(700)
        }
      }
    }),
    { seed: 32, numRuns: 300 },
  )
})
