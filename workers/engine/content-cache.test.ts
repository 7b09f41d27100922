import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCacheMemory } from '../cache/cache-memory.ts'
import type { CacheLimits } from '../cache/limits.ts'
import { createContentStore } from '../content/content-store.ts'
import { manifestKey, pieceKey } from '../content/piece-keys.ts'
import { toFailure } from '../contract/failures.ts'
import type { FileInput } from '../contract/views.ts'
import { toHex } from '../protocol/ids.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { untraced } from '../telemetry/operation.ts'
import { createSeededBelow, createSeededRandom } from '../testing/seeded-random.ts'
import { createContentCache } from './content-cache.ts'

const hourMs = 3_600_000
const none = { hot: 0, warm: 0, cold: 0, known: 0, missed: 0 }
const file = (path: string, bytes: Uint8Array): FileInput => ({ path, bytes })
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

/** A content store, the cache in front of it, and the disk reads. */
const open = (limits: Partial<CacheLimits> = {}) => {
  const disk = createMemoryStore()
  const state = { now: 1_800_000_000_000, pieceReads: 0, manifestReads: 0, delay: Promise.resolve(), delayed: 0 }
  /** Delays the results of disk reads. */
  const later = async <T>(given: Promise<T>): Promise<T> => {
    const read = await given
    state.delayed += 1
    await state.delay
    return read
  }
  const store = {
    ...disk,
    get: (...[table, key]: Parameters<typeof disk.get>) => {
      if (table === 'manifests') state.manifestReads += 1
      return later(disk.get(table, key))
    },
    getMany: (...[table, keys]: Parameters<typeof disk.getMany>) => {
      if (table === 'pieces') state.pieceReads += 1
      return later(disk.getMany(table, keys))
    },
  }
  const content = createContentStore({ store, crypto: webCrypto, onLost: (root) => cache.forget(root) })
  const memory = createCacheMemory({ kinds: ['manifest', 'file'], now: () => state.now, limits })
  const cache = createContentCache({ memory, content })
  return {
    disk,
    content,
    cache,
    state,
    memory,
    requests: () => memory.stats().requests,
    async install(files: readonly FileInput[]): Promise<Uint8Array> {
      const staged = await content.stage(files)
      await disk.write(content.changes(staged))
      return staged.root
    },
    read: (root: Uint8Array, path: string) => cache.readFile(root, path, untraced()),
    manifest: (root: Uint8Array) => cache.manifest(root, untraced()),
    /** Flips one bit of a stored value. */
    async flip(table: 'manifests' | 'pieces', key: string): Promise<void> {
      const bytes = await disk.get(table, key)
      if (bytes !== undefined)
        await disk.write([{ table, key, value: bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)) }])
    },
  }
}

type Opened = ReturnType<typeof open>

const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => toFailure(error).name,
  )

const readme = text('# Kit\n')
const kit = [file('README.md', readme), file('a.txt', text('a'))]

test('manifests and files are cold once, then hot, warm after an hour, and read again after a day', async () => {
  const { install, read, manifest, state, requests, disk } = open()
  const root = await install(kit)
  const all = async (): Promise<void> => {
    expect((await manifest(root))?.files.map(({ path }) => path)).toEqual(['README.md', 'a.txt'])
    expect(await read(root, 'README.md')).toEqual(readme)
  }
  await all()
  expect(requests()).toEqual({ manifest: { ...none, cold: 1 }, file: { ...none, cold: 1 } })
  const { manifestReads, pieceReads } = state
  await all()
  state.now += hourMs
  await all()
  expect(requests()).toEqual({
    manifest: { ...none, hot: 1, warm: 1, cold: 1 },
    file: { ...none, hot: 1, warm: 1, cold: 1 },
  })
  expect([state.manifestReads, state.pieceReads]).toEqual([manifestReads, pieceReads])
  state.now += 24 * hourMs
  await all()
  expect(requests()).toMatchObject({ manifest: { cold: 2 }, file: { cold: 2 } })
  // Only the content store writes to the disk.
  expect(await disk.keys('cache')).toEqual([])
})

test('a file in memory is read from it without an operation, as bytes of the caller; others are not looked for', async () => {
  const { install, read, cache, state, requests } = open()
  const root = await install(kit)
  expect(cache.readFileInMemory(root, 'README.md')).toBeUndefined()
  expect(requests().file).toEqual(none)
  await read(root, 'README.md')
  const { pieceReads } = state
  const [first, second] = [cache.readFileInMemory(root, 'README.md'), cache.readFileInMemory(root, 'README.md')]
  expect(first).toEqual(readme)
  expect(first?.buffer).not.toBe(second?.buffer)
  structuredClone(first?.buffer, { transfer: [first?.buffer as ArrayBuffer] })
  expect(cache.readFileInMemory(root, 'README.md')).toEqual(readme)
  expect(cache.readFileInMemory(root, 'a.txt')).toBeUndefined()
  expect(state.pieceReads).toBe(pieceReads)
  expect(requests().file).toEqual({ ...none, cold: 1, hot: 3 })
  cache.forget(root)
  expect(cache.readFileInMemory(root, 'README.md')).toBeUndefined()
})

test('a hundred readers of one file cause one disk read, and each owns its bytes', async () => {
  const { install, read, state, requests } = open()
  const root = await install(kit)
  const answers = await Promise.all(Array.from({ length: 100 }, () => read(root, 'README.md')))
  expect(state.pieceReads).toBe(1)
  expect(requests().file).toEqual({ ...none, cold: 1 })
  expect(new Set(answers.map(({ buffer }) => buffer)).size).toBe(100)
  for (const bytes of answers) {
    expect(bytes).toEqual(readme)
    structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] })
  }
  expect(await read(root, 'README.md')).toEqual(readme)
  expect(requests().file).toEqual({ ...none, cold: 1, hot: 1 })
})

test('a file too large for the cache is read from the disk each time, and counts as no request', async () => {
  const { install, read, requests, memory } = open({ entryBytes: 1_000 })
  const root = await install([file('large', new Uint8Array(1_001).fill(7)), file('small', new Uint8Array(1_000))])
  for (let n = 0; n < 2; n += 1) expect(await read(root, 'large')).toEqual(new Uint8Array(1_001).fill(7))
  expect(requests().file).toEqual(none)
  await read(root, 'small')
  await read(root, 'small')
  expect(requests().file).toEqual({ ...none, cold: 1, hot: 1 })
  expect(memory.stats().warm.bytes).toBe(1_000)
})

test('missing content is not cached as missing', async () => {
  const { content, disk, manifest, read, requests, memory } = open()
  const staged = await content.stage(kit)
  expect(await manifest(staged.root)).toBeUndefined()
  expect(await manifest(staged.root)).toBeUndefined()
  expect(await failureOf(read(staged.root, 'README.md'))).toBe('ContentUnavailable')
  expect(requests().manifest).toEqual({ ...none, missed: 2 })
  await disk.write(content.changes(staged))
  expect((await manifest(staged.root))?.files).toHaveLength(2)
  expect(await read(staged.root, 'README.md')).toEqual(readme)
  // Misses of absent content do not count for the memory.
  expect(memory.stats().window.requests).toBe(2)
})

test('a path outside the package is refused as by the content store', async () => {
  const { install, read } = open()
  const root = await install(kit)
  expect(await failureOf(read(root, 'b.txt'))).toBe('InvalidArgument')
})

test('deleted content leaves the memory, and other content stays', async () => {
  const { install, content, read, manifest, requests } = open()
  const [root, other] = [await install(kit), await install([file('README.md', text('other'))])]
  for (const each of [root, other]) {
    await manifest(each)
    await read(each, 'README.md')
  }
  await content.remove(root)
  expect(await manifest(root)).toBeUndefined()
  expect(await failureOf(read(root, 'README.md'))).toBe('ContentUnavailable')
  await read(other, 'README.md')
  await manifest(other)
  expect(requests()).toMatchObject({ manifest: { hot: 1 }, file: { hot: 1 } })
})

test('content deleted during a read is not cached', async () => {
  const { install, content, read, manifest, state, memory } = open()
  const root = await install(kit)
  await content.manifest(root)
  const released = Promise.withResolvers<void>()
  state.delay = released.promise
  state.delayed = 0
  const reading = Promise.all([read(root, 'README.md'), manifest(root)])
  await expect.poll(() => state.delayed).toBe(2)
  await content.remove(root)
  released.resolve()
  expect((await reading)[0]).toEqual(readme)
  expect(memory.stats().warm.entries).toBe(0)
  expect(await failureOf(read(root, 'README.md'))).toBe('ContentUnavailable')
  expect(await manifest(root)).toBeUndefined()
})

const damages: [string, (opened: Opened, root: Uint8Array) => Promise<unknown>][] = [
  ['a damaged piece', ({ flip }, root) => flip('pieces', pieceKey(root, 0))],
  ['a missing piece', ({ disk }, root) => disk.write([{ table: 'pieces', key: pieceKey(root, 0), value: undefined }])],
  ['a damaged manifest', ({ flip }, root) => flip('manifests', manifestKey(root))],
  [
    'a missing manifest',
    ({ disk }, root) => disk.write([{ table: 'manifests', key: manifestKey(root), value: undefined }]),
  ],
]

test.each(damages)(
  'verify finds %s while the files are hot, and the cache does not hide it afterwards',
  async (_, damage) => {
    const opened = open()
    const { install, content, read, manifest } = opened
    const root = await install(kit)
    for (let n = 0; n < 2; n += 1) {
      await manifest(root)
      await read(root, 'README.md')
    }
    await damage(opened, root)
    const found = await content.verify(root).catch((error: unknown) => toFailure(error).name)
    expect(found).not.toEqual([])
    expect(await failureOf(read(root, 'README.md'))).toBe('ContentUnavailable')
    await install(kit)
    expect(await content.verify(root)).toEqual([])
    expect(await read(root, 'README.md')).toEqual(readme)
  },
)

test('the cache does not hide damage found by a peer’s request', async () => {
  const { install, content, read, flip } = open()
  const root = await install(kit)
  await read(root, 'README.md')
  await flip('pieces', pieceKey(root, 0))
  expect(await content.piece(root, 0)).toBeUndefined()
  expect(await failureOf(read(root, 'README.md'))).toBe('ContentUnavailable')
})

test('after the stop nothing is read through the cache', async () => {
  const { install, cache, manifest } = open()
  const root = await install(kit)
  await cache.stop()
  expect(await failureOf(manifest(root))).toBe('Cancelled')
})

/** Contents of one and of several pieces, some with equal parts. */
const packages: readonly (readonly FileInput[])[] = [
  kit,
  [file('README.md', text('# Tool\n')), file('big.bin', new Uint8Array(300_000).fill(3)), file('empty', text(''))],
  [file('README.md', readme), file('z/deep.txt', new Uint8Array(900).fill(9))],
]
const paths = ['README.md', 'a.txt', 'big.bin', 'empty', 'z/deep.txt', 'missing']

test('after any sequence of reads, installs, uninstalls and damage, it answers like the store itself', async () => {
  const which = fc.nat(packages.length - 1)
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), which, path: fc.constantFrom(...paths) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('manifest' as const), which }) },
    fc.record({ do: fc.constantFrom('install' as const, 'uninstall' as const, 'verify' as const), which }),
    fc.record({ do: fc.constant('damage' as const), which, piece: fc.nat(1), gone: fc.boolean() }),
    fc.record({ do: fc.constant('wait' as const), which }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const limits = { hotEntries: 1, warmEntries: 3, warmBytes: 310_000, entryBytes: 300_000 }
      const [cached, naive] = [open(limits), open(limits)]
      const staged = await Promise.all(packages.map((files) => naive.content.stage(files)))
      /** Damage not found yet: the memory may still have the original bytes. */
      const unfound = new Set<string>()
      for (const each of steps) {
        const content = staged[each.which]
        if (content === undefined) throw new Error('There is no such content.')
        const { root } = content
        if (each.do === 'install') {
          for (const { disk, content: store } of [cached, naive]) await disk.write(store.changes(content))
          unfound.delete(toHex(root))
        } else if (each.do === 'uninstall') {
          for (const { content: store } of [cached, naive]) await store.remove(root)
          unfound.delete(toHex(root))
        } else if (each.do === 'damage') {
          const key = pieceKey(root, each.piece)
          if ((await naive.disk.get('pieces', key)) === undefined) continue
          for (const { disk, flip } of [cached, naive])
            await (each.gone ? disk.write([{ table: 'pieces', key, value: undefined }]) : flip('pieces', key))
          unfound.add(toHex(root))
        } else if (each.do === 'verify') {
          const verify = ({ content: store }: Opened) => store.verify(root).catch((error) => toFailure(error).name)
          expect(await verify(cached)).toEqual(await verify(naive))
          unfound.delete(toHex(root))
        } else if (each.do === 'manifest') {
          expect(await cached.manifest(root)).toEqual(await naive.content.manifest(root))
        } else if (each.do === 'read') {
          const answer = await cached.read(root, each.path).catch((error) => toFailure(error).name)
          const truth = await naive.content.readFile(root, each.path).catch((error) => toFailure(error).name)
          const intact = packages[each.which]?.find(({ path }) => path === each.path)?.bytes
          if (unfound.has(toHex(root))) expect([truth, intact]).toContainEqual(answer)
          else expect(answer).toEqual(truth)
        } else for (const { state } of [cached, naive]) state.now += hourMs / 2
        const { hot, warm } = cached.memory.stats()
        expect(hot.entries).toBeLessThanOrEqual(1)
        expect(warm.entries).toBeLessThanOrEqual(3)
        expect(warm.bytes).toBeLessThanOrEqual(310_000)
      }
    }),
    { seed: 8, numRuns: 150 },
  )
})

test('a thousand Zipf-distributed requests come close to the best hit rate of the memory', async () => {
  const { install, read, manifest, memory, requests } = open({ hotEntries: 10, warmEntries: 100 })
  const roots: Uint8Array[] = []
  for (let n = 0; n < 300; n += 1) roots.push(await install([file('README.md', text(`# Package ${n}\n`))]))
  const [random, below] = [createSeededRandom(3), createSeededBelow(4)]
  const upTo: number[] = []
  for (const rank of roots.keys()) upTo.push((upTo.at(-1) ?? 0) + 1 / (rank + 1))
  const total = upTo.at(-1) ?? 0
  const draw = (): Uint8Array => {
    const at = random() * total
    return roots[upTo.findIndex((sum) => sum > at)] ?? new Uint8Array()
  }
  for (let n = 0; n < 1_000; n += 1) await (below(2) === 0 ? manifest(draw()) : read(draw(), 'README.md'))
  const { window } = memory.stats()
  const inMemory = Object.values(requests()).reduce((sum, { hot, warm }) => sum + hot + warm, 0)
  expect(window.requests).toBe(1_000)
  expect(window.live).toBeCloseTo(inMemory / 1_000)
  expect(Object.values(requests()).every(({ cold, missed }) => cold > 0 && missed === 0)).toBe(true)
  expect(window.live).toBeGreaterThan(0.5)
  // Lower than in bench/cache, which starts after a warm-up.
  expect(window.live / window.best).toBeGreaterThan(0.8)
})
