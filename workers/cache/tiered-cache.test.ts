import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Failure } from '../contract/failures.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { type Operation, untraced } from '../telemetry/operation.ts'
import { createStoredCache, type Note, noteCodec, type StoredCache, watch } from '../testing/cache-fixtures.ts'
import { createCacheMemory } from './cache-memory.ts'
import type { CacheLimits } from './limits.ts'
import { createReadOnlyColdTier } from './read-only-cold-tier.ts'
import { createTieredCache } from './tiered-cache.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
let clock = 0

beforeEach(() => {
  clock = 1_800_000_000_000
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

const open = (
  store: Store,
  load: (key: string, operation: Operation) => Promise<Note | undefined> = async () => undefined,
  limits: Partial<CacheLimits> = {},
): StoredCache<Note> => createStoredCache({ store, codec: noteCodec, load, now: () => clock, limits })

const from = async (cache: StoredCache<Note>, key: string): Promise<string> => (await cache.get(key)).from

const note = (text: string): Note => ({ text })

test('loads once, then answers from hot, from warm an hour later, from cold a day later, and loads again after a week', async () => {
  const load = vi.fn(async (key: string) => note(key))
  const cache = open(createMemoryStore(), load)
  expect(await cache.get('a')).toEqual({ value: note('a'), from: 'loaded' })
  expect(await cache.get('a')).toEqual({ value: note('a'), from: 'hot' })
  clock += hourMs
  expect(await cache.get('a')).toEqual({ value: note('a'), from: 'warm' })
  expect(await from(cache, 'a')).toBe('hot')
  await cache.flush()
  clock += dayMs
  expect(await cache.get('a')).toEqual({ value: note('a'), from: 'cold' })
  expect(await from(cache, 'a')).toBe('hot')
  clock += 6 * dayMs
  expect(load).toHaveBeenCalledTimes(1)
  expect(await from(cache, 'a')).toBe('loaded')
  expect(load).toHaveBeenCalledTimes(2)
  const { hot, warm, cold, hits, misses } = cache.stats()
  expect({ hot: hot.hits, warm: warm.hits, cold: cold.hits, hits, misses }).toEqual({
    hot: 3,
    warm: 1,
    cold: 1,
    hits: 5,
    misses: 2,
  })
})

test('requests do not keep a value beyond a week', async () => {
  // Requests every five hours would renew its time in memory beyond a week.
  const cache = open(createMemoryStore(), undefined, { warmMs: 5 * hourMs })
  cache.put('a', note('old'))
  await cache.flush()
  for (let hours = 0; hours < 7 * 24; hours += 0.5) {
    expect((await cache.get('a')).value).toEqual(note('old'))
    clock += hourMs / 2
  }
  expect(await from(cache, 'a')).toBe('none')
})

test('a hundred callers of a missing key cause one store read and one load', async () => {
  const store = watch(createMemoryStore())
  const answer = Promise.withResolvers<Note | undefined>()
  const load = vi.fn(() => answer.promise)
  const cache = open(store, load)
  const started = Array.from({ length: 100 }, () => cache.get('k'))
  await vi.advanceTimersByTimeAsync(0)
  answer.resolve(note('found'))
  const answers = await Promise.all(started)
  expect(answers.every(({ value, from }) => value?.text === 'found' && from === 'loaded')).toBe(true)
  expect(load).toHaveBeenCalledTimes(1)
  expect(cache.stats()).toMatchObject({ joined: 99, misses: 1, hits: 0, loads: { found: 1, none: 0, failed: 0 } })
})

test('a hundred callers of a cold key cause one store read', async () => {
  const store = watch(createMemoryStore())
  const first = open(store)
  first.put('k', note('kept'))
  await first.stop()
  const load = vi.fn(async () => undefined)
  const second = open(store, load)
  const answers = await Promise.all(Array.from({ length: 100 }, () => second.get('k')))
  expect(answers.every(({ from }) => from === 'cold')).toBe(true)
  expect(store.reads).toBe(1)
  expect(load).not.toHaveBeenCalled()
})

test('a failed load rejects all callers, and the next caller retries', async () => {
  let calls = 0
  const cache = open(createMemoryStore(), async () => {
    calls += 1
    if (calls === 1) throw new Failure('Timeout', { code: 'peer-timed-out' })
    return note('later')
  })
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => cache.get('k')))
  expect(outcomes.every((each) => each.status === 'rejected' && each.reason.name === 'Timeout')).toBe(true)
  expect(calls).toBe(1)
  expect(await from(cache, 'k')).toBe('loaded')
})

test('a negative entry expires soon, and ends with a put', async () => {
  const load = vi.fn(async () => undefined)
  const cache = open(createMemoryStore(), load, { noneMs: 1_000, noneEntries: 2 })
  expect(await from(cache, 'k')).toBe('none')
  expect(await from(cache, 'k')).toBe('none')
  expect(load).toHaveBeenCalledTimes(1)
  clock += 1_000
  await cache.get('k')
  expect(load).toHaveBeenCalledTimes(2)
  // The oldest of three is evicted.
  await cache.get('l')
  await cache.get('m')
  await cache.get('k')
  expect(load).toHaveBeenCalledTimes(5)
  // A clock that is set back does not extend it.
  clock -= dayMs
  await cache.get('k')
  expect(load).toHaveBeenCalledTimes(6)
  cache.put('k', note('now there'))
  expect(await from(cache, 'k')).toBe('hot')
})

test('a value held by the process is cached without a load, and ends a negative entry', async () => {
  const known = new Map<string, Note>()
  const load = vi.fn(async () => undefined)
  const cache = createStoredCache<Note>({
    store: createMemoryStore(),
    codec: noteCodec,
    now: () => clock,
    load,
    known: (key) => known.get(key),
  })
  expect(await from(cache, 'a')).toBe('none')
  known.set('a', note('a'))
  known.set('b', note('b'))
  expect(await cache.get('a')).toEqual({ value: note('a'), from: 'known' })
  expect(await from(cache, 'a')).toBe('hot')
  expect(await from(cache, 'b')).toBe('known')
  expect(load).toHaveBeenCalledTimes(1)
  expect(cache.stats()).toMatchObject({ hits: 1, known: 2, misses: 1, cold: { entries: 0 } })
  await cache.flush()
  expect(cache.stats().cold.entries).toBe(2)
})

test('an invalid stored value is removed and loaded again', async () => {
  const store = createMemoryStore()
  const first = open(store)
  first.put('k', note('kept'))
  await first.stop()
  const validate = vi.fn(async () => false)
  const second = createStoredCache<Note>({
    store,
    codec: noteCodec,
    now: () => clock,
    validate,
    load: async () => undefined,
  })
  expect(await from(second, 'k')).toBe('none')
  expect(validate).toHaveBeenCalledWith('k', note('kept'), expect.anything())
  expect(second.stats()).toMatchObject({ hits: 0, misses: 1, cold: { hits: 0, misses: 1, corrupt: 0 } })
  await second.stop()
  expect(await store.keys('cache')).toEqual([])
})

test('a put during the validation of an older stored value is kept', async () => {
  const store = createMemoryStore()
  const first = open(store)
  first.put('k', note('older'))
  await first.stop()
  const judged = Promise.withResolvers<boolean>()
  const started = Promise.withResolvers<void>()
  const second = createStoredCache<Note>({
    store,
    codec: noteCodec,
    now: () => clock,
    load: async () => undefined,
    validate() {
      started.resolve()
      return judged.promise
    },
  })
  const waiting = second.get('k')
  await started.promise
  second.put('k', note('newer'))
  judged.resolve(false)
  expect((await waiting).value).toEqual(note('newer'))
  await second.stop()
  expect((await open(store).get('k')).value).toEqual(note('newer'))
})

test('a load does not overwrite a put during it, and its callers receive the newer value', async () => {
  const answer = Promise.withResolvers<Note | undefined>()
  const cache = open(createMemoryStore(), () => answer.promise)
  const waiting = cache.get('k')
  await vi.advanceTimersByTimeAsync(0)
  cache.put('k', note('newer'))
  expect((await cache.get('k')).value).toEqual(note('newer'))
  answer.resolve(note('older'))
  expect((await waiting).value).toEqual(note('newer'))
  expect(cache.peek('k')).toEqual(note('newer'))
})

test('a key invalidated during a load is not cached', async () => {
  const answers = [Promise.withResolvers<Note | undefined>(), Promise.withResolvers<Note | undefined>()]
  let calls = 0
  const cache = open(createMemoryStore(), () => answers[calls++]?.promise ?? Promise.resolve(undefined))
  const waiting = cache.get('k')
  await vi.advanceTimersByTimeAsync(0)
  cache.invalidate('k')
  answers[0]?.resolve(note('old'))
  expect((await waiting).value).toEqual(note('old'))
  expect(cache.peek('k')).toBeUndefined()
  answers[1]?.resolve(note('new'))
  expect(await cache.get('k')).toEqual({ value: note('new'), from: 'loaded' })
})

test('a key dropped during a read is not cached; other prefixes are', async () => {
  const answers = new Map(['a/1', 'a/2', 'b/1'].map((key) => [key, Promise.withResolvers<Note | undefined>()]))
  const cache = open(createMemoryStore(), (key) => answers.get(key)?.promise ?? Promise.resolve(undefined))
  const waiting = [...answers.keys()].map((key) => cache.get(key))
  await vi.advanceTimersByTimeAsync(0)
  cache.dropFromMemory('a/')
  for (const [key, { resolve }] of answers) resolve(note(key))
  expect((await Promise.all(waiting)).map(({ value }) => value?.text)).toEqual(['a/1', 'a/2', 'b/1'])
  expect([...answers.keys()].map((key) => cache.peek(key)?.text)).toEqual([undefined, undefined, 'b/1'])
})

test('a key dropped from memory is read again from the cold tier', async () => {
  const cache = open(createMemoryStore())
  cache.put('a/1', note('x'))
  await cache.flush()
  cache.dropFromMemory('a/')
  expect(cache.peek('a/1')).toBeUndefined()
  expect(await from(cache, 'a/1')).toBe('cold')
})

test('a failed read of a read-only cold tier rejects, counts as a miss, and is retried', async () => {
  const memory = createCacheMemory({ kinds: ['note'], now: () => clock })
  const reads = [
    Promise.reject(new Failure('StorageUnavailable', { code: 'storage-closed' })),
    undefined,
    noteCodec.encode(note('x')),
  ]
  const cache = createTieredCache<Note>({
    memory: memory.of('note'),
    cold: createReadOnlyColdTier(
      async () => reads.shift(),
      () => clock,
    ),
    codec: noteCodec,
  })
  await expect(cache.get('k')).rejects.toMatchObject({ name: 'StorageUnavailable' })
  // Without `load` there are no negative entries.
  expect(await cache.get('k')).toEqual({ value: undefined, from: 'none' })
  expect(await cache.get('k')).toEqual({ value: note('x'), from: 'cold' })
  expect(await cache.get('k')).toEqual({ value: note('x'), from: 'hot' })
  expect(memory.stats()).toMatchObject({
    requests: { note: { hot: 1, cold: 1, missed: 2 } },
    window: { requests: 2, live: 0.5 },
  })
})

test('an invalidated key is removed from all tiers, also after a restart', async () => {
  const store = createMemoryStore()
  const cache = open(store)
  cache.put('k', note('x'))
  await cache.flush()
  cache.invalidate('k')
  expect(cache.peek('k')).toBeUndefined()
  expect(await from(cache, 'k')).toBe('none')
  await cache.stop()
  expect(await store.keys('cache')).toEqual([])
  expect(await from(open(store), 'k')).toBe('none')
})

test('a caller can cancel; when all have cancelled, the load is aborted and its result is not cached', async () => {
  const answer = Promise.withResolvers<Note | undefined>()
  let told: AbortSignal | undefined
  const cache = open(createMemoryStore(), (_, { signal }) => {
    told = signal
    return answer.promise
  })
  const [one, two] = [new AbortController(), new AbortController()]
  const started = [
    cache.get('k', { operation: untraced(one.signal) }),
    cache.get('k', { operation: untraced(two.signal) }),
  ]
  const outcomes = Promise.allSettled(started)
  await vi.advanceTimersByTimeAsync(0)
  one.abort()
  expect(told?.aborted).toBe(false)
  two.abort()
  expect(told?.aborted).toBe(true)
  answer.resolve(note('too late'))
  for (const each of await outcomes) expect(each).toMatchObject({ status: 'rejected', reason: { name: 'Cancelled' } })
  await vi.advanceTimersByTimeAsync(0)
  expect(cache.peek('k')).toBeUndefined()
  await expect(cache.get('k', { operation: untraced(one.signal) })).rejects.toMatchObject({ name: 'Cancelled' })
})

test('holds 100 decoded and 1,000 encoded values, and every hot entry is warm', async () => {
  const cache = open(createMemoryStore(), async (key) => note(key))
  for (let n = 0; n < 3_000; n += 1) await cache.get(`k${n % 1_700}`)
  const { hot, warm } = cache.stats()
  expect(hot.entries).toBe(100)
  expect(warm.entries).toBe(1_000)
  expect(warm.evictions).toBeGreaterThan(0)
  expect(warm.bytes).toBeGreaterThan(0)
})

test('the warm tier is bounded by bytes, and a value that is too large is returned uncached', async () => {
  const store = createMemoryStore()
  const cache = open(store, async () => note('x'.repeat(995)), { warmBytes: 10_000, entryBytes: 1_000 })
  for (let n = 0; n < 50; n += 1) await cache.get(`k${n}`)
  expect(cache.stats().warm).toMatchObject({ entries: 10, bytes: 10_000 })
  expect(cache.stats().hot.entries).toBeLessThanOrEqual(10)
  cache.put('large', note('x'.repeat(996)))
  expect(cache.peek('large')).toBeUndefined()
  expect(cache.stats().tooLarge).toBe(1)
  await cache.stop()
  expect((await store.keys('cache')).length).toBe(50)
})

test('a value too large to cache removes the smaller one before it', async () => {
  const store = createMemoryStore()
  const cache = open(store, undefined, { entryBytes: 100 })
  cache.put('k', note('small'))
  await cache.flush()
  cache.put('k', note('x'.repeat(200)))
  expect(cache.peek('k')).toBeUndefined()
  expect(await from(cache, 'k')).toBe('none')
})

test('a clock that is a day off loses no cold entry, and no entry lives forever', async () => {
  const store = createMemoryStore()
  const first = open(store)
  first.put('k', note('x'))
  await first.stop()
  const written = clock
  clock = written + dayMs
  expect(await from(open(store), 'k')).toBe('cold')
  clock = written - dayMs
  const behind = open(store)
  expect(await from(behind, 'k')).toBe('cold')
  expect(await from(behind, 'k')).toBe('hot')
  // Written with a clock a month ahead.
  clock = written - 30 * dayMs
  expect(await from(open(store), 'k')).toBe('none')
})

test('a clock that is set back at runtime loses no entry in memory', async () => {
  const cache = open(createMemoryStore())
  cache.put('k', note('x'))
  clock -= dayMs
  expect(await from(cache, 'k')).toBe('hot')
})

test('compares its memory with the optimum over the last requests', async () => {
  const cache = open(createMemoryStore(), async (key) => note(key), { warmEntries: 2, hotEntries: 1 })
  for (const key of ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'b', 'c']) await cache.get(key)
  const { window } = cache.stats()
  expect(window.requests).toBe(9)
  expect(Math.round(window.best * 9)).toBe(4)
  expect(window.live).toBeLessThanOrEqual(window.best)
})

test('after stop it answers, caches and schedules nothing', async () => {
  const cache = open(createMemoryStore(), () => new Promise(() => {}))
  const waiting = cache.get('k')
  await vi.advanceTimersByTimeAsync(0)
  const outcome = waiting.catch((error: Error) => error.name)
  await cache.stop()
  expect(await outcome).toBe('Cancelled')
  cache.put('k', note('x'))
  await expect(cache.get('k')).rejects.toMatchObject({ name: 'Cancelled' })
  expect(vi.getTimerCount()).toBe(0)
})

test('always returns the newest value put', async () => {
  const key = fc.integer({ min: 0, max: 9 }).map((n) => `k${n}`)
  const action = fc.oneof(
    fc.record({ do: fc.constant('put' as const), key }),
    fc.record({ do: fc.constant('get' as const), key }),
    fc.record({ do: fc.constant('invalidate' as const), key }),
    fc.record({ do: fc.constant('flush' as const), key }),
    fc.record({ do: fc.constant('restart' as const), key }),
    fc.record({ do: fc.constant('wait' as const), key }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 120 }), async (actions) => {
      const store = createMemoryStore()
      const limits = { hotEntries: 2, warmEntries: 4, coldBytes: 2_000, coldEntries: 6, noneMs: 0 }
      let cache = open(store, undefined, limits)
      const twin = new Map<string, string>()
      let count = 0
      for (const each of actions) {
        if (each.do === 'put') {
          count += 1
          twin.set(each.key, `${count}`)
          cache.put(each.key, note(`${count}`))
        } else if (each.do === 'get') {
          const { value } = await cache.get(each.key)
          if (value !== undefined) expect(value.text).toBe(twin.get(each.key))
        } else if (each.do === 'invalidate') {
          twin.delete(each.key)
          cache.invalidate(each.key)
        } else if (each.do === 'flush') {
          await cache.flush()
        } else if (each.do === 'restart') {
          await cache.stop()
          cache = open(store, undefined, limits)
        } else {
          clock += 30 * 60_000
        }
        expect(cache.stats().cold.bytes).toBeLessThanOrEqual(limits.coldBytes)
        expect(cache.stats().cold.entries).toBeLessThanOrEqual(limits.coldEntries)
      }
      await cache.stop()
    }),
    { seed: 6, numRuns: 150 },
  )
})
