import { expose } from 'comlink'
import { openIdbStore } from '../../../workers/store/idb-store.ts'
import { createStoredCache, type StoredCache } from '../../../workers/testing/cache-fixtures.ts'
import { keyOf, valueCodec, valueFor } from '../values.ts'

/** The cache over IndexedDB, in a worker like the engine's. */
const open = async (): Promise<{ cache: StoredCache<object>; close(): Promise<void> }> => {
  const store = await openIdbStore('bench')
  const cache = createStoredCache({ store, codec: valueCodec, now: Date.now, load: async () => undefined })
  return {
    cache,
    async close() {
      await cache.stop()
      await store.close()
    },
  }
}

let held: StoredCache<object> | undefined

const commands = {
  /** Writes `entries` values; returns the duration of each `put`, and until all were stored (ms). */
  async write(entries: number): Promise<{ puts: number[]; flushed: number }> {
    const { cache, close } = await open()
    const puts: number[] = []
    const started = performance.now()
    for (let n = 0; n < entries; n += 1) {
      const value = valueFor(n)
      const before = performance.now()
      cache.put(keyOf(n), value)
      puts.push(performance.now() - before)
    }
    await close()
    return { puts, flushed: performance.now() - started }
  },
  /** Opens the cache anew and gets each of `entries` once, not in the order of the keys. */
  async readCold(entries: number): Promise<{ first: number; hits: number[] }> {
    const { cache, close } = await open()
    const hits: number[] = []
    for (let n = 0; n < entries; n += 1) {
      const key = keyOf((n * 7_919) % entries)
      const before = performance.now()
      const { from } = await cache.get(key)
      hits.push(performance.now() - before)
      if (from !== 'cold') throw new Error(`${key} was ${from}`)
    }
    await close()
    return { first: hits.shift() ?? Number.NaN, hits }
  },
  async hold(): Promise<void> {
    const { cache } = await open()
    await cache.get(keyOf(1))
    held = cache
  },
  get: async (key: string): Promise<string | undefined> => (await held?.get(key))?.from,
}

export type BenchCommands = typeof commands

expose(commands)
