import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createContentStore, type StagedContent } from '../content/content-store.ts'
import { Failure } from '../contract/failures.ts'
import type { LibraryEntry } from '../contract/views.ts'
import { packageId, rootToText } from '../protocol/ids.ts'
import { createLibrary } from '../registry/library.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createTestPublisher } from '../testing/test-publisher.ts'
import { createContentKeeper } from './content-keeper.ts'

const { publisherId } = (await createTestPublisher(1)).identity
const slugs = ['kit', 'tool', 'web']
/** Contents that entries of different names share. */
let contents: StagedContent[]

beforeAll(async () => {
  const { stage } = createContentStore({ store: createMemoryStore(), crypto: webCrypto })
  contents = await Promise.all([1, 2, 3].map((n) => stage([{ path: 'a.bin', bytes: new Uint8Array(300_000).fill(n) }])))
})

const contentOf = (number: number): StagedContent => {
  const found = contents[number]
  if (found === undefined) throw new Error('There is no such content.')
  return found
}

const entryOf = (slug: string, { root, size }: StagedContent): LibraryEntry => ({
  id: packageId(publisherId, slug),
  slug,
  version: '1.0.0',
  displayName: slug,
  publisherName: 'alice',
  root: rootToText(root),
  size,
  installedAt: 1,
  asDependency: false,
  files: [],
})

/** Fails each write from the given one on, like a tab that ends there. */
const cutAfter = (store: Store, writes: number): Store => {
  let left = writes
  return {
    ...store,
    async write(changes, options) {
      if (left <= 0) throw new Failure('StorageUnavailable', { code: 'storage-closed' })
      left -= 1
      await store.write(changes, options)
    },
  }
}

const open = async (store: Store, own: ReadonlySet<string>) => {
  const content = createContentStore({ store, crypto: webCrypto })
  const library = createLibrary({ store })
  await library.load()
  const keeper = createContentKeeper({ content, library, published: () => ({ roots: own, complete: true }) })
  return { content, library, keeper }
}

type Step =
  | { do: 'install' | 'uninstall'; slug: string; content: number }
  | { do: 'publish'; content: number }
  | { do: 'hold' | 'let go'; content: number }
  | { do: 'reload' }

test('referenced content is complete after any sequence of operations, wherever the tab ends', async () => {
  const number = fc.nat(2)
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      do: fc.constantFrom('install' as const, 'uninstall' as const),
      slug: fc.constantFrom(...slugs),
      content: number,
    }),
    fc.record({ do: fc.constant('publish' as const), content: number }),
    fc.record({ do: fc.constantFrom('hold' as const, 'let go' as const), content: number }),
    fc.record({ do: fc.constant('reload' as const) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.nat(30), async (steps, writes) => {
      const disk = createMemoryStore()
      const store = cutAfter(disk, writes)
      const own = new Set<string>()
      /** The naive model: content by entry. */
      const installed = new Map<string, number>()
      const held = new Map<number, (() => void)[]>()
      let engine = await open(store, own)
      try {
        for (const each of steps) {
          if (each.do === 'install') {
            const staged = contentOf(each.content)
            const release = await engine.keeper.hold([rootToText(staged.root)])
            await store.write(engine.content.changes(staged))
            // The content of a replaced entry stays; nothing deletes it.
            await engine.library.add(entryOf(each.slug, staged))
            installed.set(each.slug, each.content)
            release()
          } else if (each.do === 'uninstall') {
            const removal = engine.keeper.uninstall(packageId(publisherId, each.slug), '1.0.0')
            if (!installed.has(each.slug)) await expect(removal).rejects.toMatchObject({ name: 'NotInstalled' })
            else await removal
            const root = installed.get(each.slug)
            installed.delete(each.slug)
            if (root !== undefined) {
              const { root: bytes } = contentOf(root)
              const isReferred =
                [...installed.values()].includes(root) ||
                own.has(rootToText(bytes)) ||
                (held.get(root)?.length ?? 0) > 0
              expect(await engine.content.has(bytes)).toBe(isReferred)
            }
          } else if (each.do === 'publish') {
            const staged = contentOf(each.content)
            await store.write(engine.content.changes(staged), { durability: 'strict' })
            own.add(rootToText(staged.root))
          } else if (each.do === 'hold') {
            const release = await engine.keeper.hold([rootToText(contentOf(each.content).root)])
            held.set(each.content, [...(held.get(each.content) ?? []), release])
          } else if (each.do === 'let go') {
            held.get(each.content)?.pop()?.()
          } else {
            held.clear()
            engine = await open(store, own)
          }
        }
      } catch (error) {
        expect(error).toMatchObject({ name: 'StorageUnavailable' })
      }
      const after = await open(disk, own)
      for (const { root, slug } of after.library.list()) {
        const staged = contents.find((each) => rootToText(each.root) === root)
        expect(staged !== undefined && (await after.content.verify(staged.root)), slug).toEqual([])
      }
      for (const root of own) {
        const staged = contents.find((each) => rootToText(each.root) === root)
        expect(staged !== undefined && (await after.content.has(staged.root))).toBe(true)
      }
    }),
    { seed: 3, numRuns: 150 },
  )
})

test('an interrupted uninstall leaves the entry with its content, or neither', async () => {
  const staged = contentOf(0)
  for (let writes = 0; writes < 4; writes += 1) {
    const disk = createMemoryStore()
    const before = await open(disk, new Set())
    await disk.write(before.content.changes(staged))
    await before.library.add(entryOf('kit', staged))
    const { keeper } = await open(cutAfter(disk, writes), new Set())
    await keeper.uninstall(packageId(publisherId, 'kit'), '1.0.0').catch(() => {})
    const after = await open(disk, new Set())
    const held = [...(await disk.keys('manifests')), ...(await disk.keys('pieces'))].length
    expect(held).toBe(after.library.list().length === 0 ? 0 : 1 + staged.pieces.length)
  }
})

test('a concurrent removal and install of the same content leave a complete entry', async () => {
  const staged = contentOf(0)
  const root = rootToText(staged.root)
  const store = createMemoryStore()
  const { content, library, keeper } = await open(store, new Set())
  await store.write(content.changes(staged))
  await library.add(entryOf('kit', staged))
  const removal = keeper.uninstall(packageId(publisherId, 'kit'), '1.0.0')
  const release = await keeper.hold([root])
  if (!(await content.has(staged.root))) await store.write(content.changes(staged))
  await library.add(entryOf('web', staged))
  release()
  await removal
  expect(await content.verify(staged.root)).toEqual([])
})

test('content removed while held is deleted when the hold ends, unless it is referenced by then', async () => {
  const [first, second] = [contentOf(0), contentOf(1)]
  const store = createMemoryStore()
  const own = new Set<string>()
  const { content, library, keeper } = await open(store, own)
  for (const [slug, staged] of [
    ['kit', first],
    ['web', second],
  ] as const) {
    await store.write(content.changes(staged))
    await library.add(entryOf(slug, staged))
  }
  const release = await keeper.hold([rootToText(first.root), rootToText(second.root)])
  await keeper.uninstall(packageId(publisherId, 'kit'), '1.0.0')
  await keeper.uninstall(packageId(publisherId, 'web'), '1.0.0')
  expect([await content.has(first.root), await content.has(second.root)]).toEqual([true, true])
  own.add(rootToText(second.root))
  release()
  // The next task in the queue runs after the deletions that the release started.
  await keeper.hold([])
  expect([await content.has(first.root), await content.has(second.root)]).toEqual([false, true])
})

test('nothing is deleted while the own publications are not fully known', async () => {
  const staged = contentOf(0)
  const store = createMemoryStore()
  const { content, library } = await open(store, new Set())
  const keeper = createContentKeeper({ content, library, published: () => ({ roots: new Set(), complete: false }) })
  await store.write(content.changes(staged))
  await library.add(entryOf('kit', staged))
  await keeper.uninstall(packageId(publisherId, 'kit'), '1.0.0')
  expect(library.list()).toEqual([])
  expect(await content.has(staged.root)).toBe(true)
})
