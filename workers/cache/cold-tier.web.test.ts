import { openDB } from 'idb'
import { expect, test } from 'vitest'
import { openIdbStore } from '../store/idb-store.ts'
import { createStoredCache, type Note, noteCodec } from '../testing/cache-fixtures.ts'

let count = 0
const freshName = (): string => {
  count += 1
  return `ggen-cache-test-${Date.now()}-${count}`
}

const open = async (name: string, load: (key: string) => Promise<Note | undefined> = async () => undefined) => {
  const store = await openIdbStore(name)
  const cache = createStoredCache<Note>({ store, codec: noteCodec, load, now: Date.now })
  return { store, cache }
}

test('entries persist across pages, first cold and then hot', async () => {
  const name = freshName()
  const first = await open(name)
  for (let n = 0; n < 300; n += 1) first.cache.put(`k${n}`, { text: `value ${n}` })
  await first.cache.stop()
  await first.store.close()
  const second = await open(name)
  expect(await second.cache.get('k7')).toEqual({ value: { text: 'value 7' }, from: 'cold' })
  expect(await second.cache.get('k7')).toEqual({ value: { text: 'value 7' }, from: 'hot' })
  expect(second.cache.stats().cold.entries).toBe(300)
  second.cache.invalidate('k8')
  await second.cache.stop()
  expect((await second.store.keys('cache')).length).toBe(299)
  await second.store.close()
})

test('reloads entries that were modified in browser storage', async () => {
  const name = freshName()
  const first = await open(name)
  first.cache.put('bits', { text: 'x' })
  first.cache.put('type', { text: 'y' })
  await first.cache.stop()
  await first.store.close()
  const editor = await openDB(name)
  for (const key of await editor.getAllKeys('cache')) {
    const value: unknown = await editor.get('cache', key)
    if (!(value instanceof Uint8Array)) throw new Error('bytes were written')
    await editor.put('cache', String(key).startsWith('bits') ? value.map((byte) => byte ^ 1) : 'a text', key)
  }
  editor.close()
  const second = await open(name, async (key) => ({ text: `again ${key}` }))
  expect(await second.cache.get('bits')).toEqual({ value: { text: 'again bits' }, from: 'loaded' })
  expect(await second.cache.get('type')).toEqual({ value: { text: 'again type' }, from: 'loaded' })
  expect(second.cache.stats().cold.corrupt).toBe(2)
  await second.cache.stop()
  await second.store.close()
})

test('continues in memory when the database is closed', async () => {
  const { store, cache } = await open(freshName(), async (key) => ({ text: key }))
  await cache.get('a')
  await store.close()
  expect((await cache.get('a')).from).toBe('hot')
  expect((await cache.get('b')).from).toBe('loaded')
  await cache.stop()
  expect(cache.peek('b')).toEqual({ text: 'b' })
  expect(cache.stats().cold.failures).toBeGreaterThan(0)
})
