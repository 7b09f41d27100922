import { expect, test, vi } from 'vitest'
import type { PackageId } from '../protocol/ids.ts'
import { UNKNOWN_TIME } from '../protocol/presentable.ts'
import { createCatalogue } from '../registry/catalogue.ts'
import { createSearch } from '../search/index.ts'
import { createTestPublisher } from '../testing/test-publisher.ts'
import { createIndexing } from './indexing.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const start = Date.UTC(2026, 10, 27)

/** A catalogue with one package per given time, and its index. */
const indexOf = async (timeBySlug: Record<string, number>) => {
  const catalogue = createCatalogue()
  const publisher = await createTestPublisher(1)
  catalogue.add(await publisher.identityEntry())
  const search = createSearch({ now: () => 0 })
  const present = { at: start }
  const indexing = createIndexing({ registry: catalogue, search, latest: () => present.at })
  const publish = async (slug: string, publishedAt: number): Promise<void> => {
    const release = await publisher.release(slug, '1.0.0', { publishedAt })
    catalogue.add(release)
    for (const entry of await publisher.head(slug, 1, [{ version: '1.0.0', release: release.release.hash }]))
      catalogue.add(entry)
    indexing.update(catalogue.takeChanged())
  }
  for (const [slug, publishedAt] of Object.entries(timeBySlug)) await publish(slug, publishedAt)
  const listed = (): string[] => search.query({ sort: 'updated' }).hits.map(({ slug }) => slug)
  const timeOf = (slug: string): number | undefined =>
    search.query({ sort: 'updated' }).hits.find((hit) => hit.slug === slug)?.publishedAt
  return { catalogue, indexing, search, present, publish, listed, timeOf }
}

const futures = [3 * hourMs, dayMs, 3 * 365 * dayMs].map((ahead) => start + ahead).concat(8.64e15, 9e15)

test.each(futures)('a release dated %i never leads a list before that time', async (claimed) => {
  const { publish, listed, timeOf, present } = await indexOf({ older: start - 30 * dayMs, claims: claimed })
  expect(listed()).toEqual(['older', 'claims'])
  expect(timeOf('claims')).toBe(UNKNOWN_TIME)
  present.at += hourMs
  await publish('newer', present.at - 1_000)
  expect(listed()).toEqual(['newer', 'older', 'claims'])
  // A new profile, or a reload, indexes everything at once.
  const again = await indexOf({ claims: claimed, newer: start - 1_000, older: start - 30 * dayMs })
  expect(again.listed()).toEqual(['newer', 'older', 'claims'])
})

test('a release dated a few minutes ahead counts as published now, and later ones pass it', async () => {
  const { publish, listed, timeOf, present } = await indexOf({ slightly: start + 300_000 })
  expect(timeOf('slightly')).toBe(start)
  present.at += 60_000
  await publish('newer', present.at)
  expect(listed()).toEqual(['newer', 'slightly'])
})

test('once its time has come a release has its claimed place, and newer ones pass it', async () => {
  const { publish, listed, timeOf, present } = await indexOf({ older: start - dayMs, claims: start + 3 * hourMs })
  present.at = start + 4 * hourMs
  await publish('newer', present.at - 1_000)
  expect(timeOf('claims')).toBe(start + 3 * hourMs)
  expect(listed()).toEqual(['newer', 'claims', 'older'])
})

test('after the correction of a slow clock, releases that seemed future have their time', async () => {
  const { indexing, present, listed } = await indexOf({ a: start + dayMs, b: start + 2 * dayMs })
  expect(indexing.clockChanged()).toBe(false)
  present.at += 3 * dayMs
  expect(indexing.clockChanged()).toBe(true)
  expect(listed()).toEqual(['b', 'a'])
  expect(indexing.clockChanged()).toBe(false)
})

test('after the correction of a fast clock, releases that seemed past lead no list until their time', async () => {
  const ahead = { older: start - dayMs, a: start + dayMs, b: start + 300 * dayMs }
  for (const trigger of ['clock', 'update']) {
    const { indexing, present, listed, timeOf, publish } = await indexOf({})
    present.at += 365 * dayMs
    for (const [slug, publishedAt] of Object.entries(ahead)) await publish(slug, publishedAt)
    expect(listed()).toEqual(['b', 'a', 'older'])
    present.at = start
    if (trigger === 'update') await publish('newer', start)
    else expect(indexing.clockChanged()).toBe(true)
    expect(listed().filter((slug) => slug !== 'newer')).toEqual(['older', 'a', 'b'])
    expect(timeOf('b')).toBe(UNKNOWN_TIME)
    expect(indexing.clockChanged()).toBe(false)
    present.at = start + 2 * dayMs
    expect(indexing.clockChanged()).toBe(true)
    expect(timeOf('a')).toBe(start + dayMs)
  }
})

test('changes of other packages do not scan many future releases', async () => {
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`p${n}`, start + dayMs + n]))
  const { catalogue, present } = await indexOf(many)
  const search = { put: vi.fn(), remove: vi.fn() }
  const indexing = createIndexing({ registry: catalogue, search, latest: () => present.at })
  const ids = [...catalogue.all()].map(({ id }): PackageId => id)
  indexing.update(ids)
  expect(search.put).toHaveBeenCalledTimes(200)
  for (const id of ids.slice(0, 50)) indexing.update([id])
  expect(search.put).toHaveBeenCalledTimes(250)
})

test('a package that cannot be indexed does not affect others', async () => {
  const { catalogue } = await indexOf({ a: start, b: start, c: start })
  const put = vi.fn(({ slug }: { slug: string }) => {
    if (slug === 'b') throw new Error('no words')
  })
  const remove = vi.fn()
  createIndexing({ registry: catalogue, search: { put, remove }, latest: () => start }).update(
    [...catalogue.all()].map(({ id }) => id),
  )
  expect(put.mock.calls.map(([{ slug }]) => slug)).toEqual(['a', 'b', 'c'])
  expect(remove).toHaveBeenCalledTimes(1)
})
