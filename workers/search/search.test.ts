import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { SearchQuery } from '../contract/views.ts'
import type { SearchDocument } from './document.ts'
import { createSearch, type Search } from './index.ts'

const document = (slug: string, changes: Partial<SearchDocument> = {}): SearchDocument => ({
  id: `publisher-a/${slug}`,
  slug,
  version: '1.0.0',
  name: slug,
  description: '',
  category: 'backend',
  tags: [],
  keywords: [],
  publisher: 'publisher-a',
  publisherName: 'alice',
  license: 'MIT',
  size: 1,
  publishedAt: 1,
  ...changes,
})

const searchOver = (...documents: SearchDocument[]): Search => {
  let time = 0
  const search = createSearch({ now: () => time++ })
  for (const document of documents) search.put(document)
  return search
}

const slugs = (search: Search, query: SearchQuery): string[] => search.query(query).hits.map(({ slug }) => slug)

test('an exact match of slug, id or name comes first', () => {
  const search = searchOver(
    document('rust-api-kit', { name: 'Rust API', tags: ['rust', 'api'], description: 'rust api rust api rust api' }),
    document('rust-api', { name: 'Something else' }),
    document('kit', { name: 'The Kit', description: 'kit' }),
    document('the-kit-kit', { name: 'kit kit the', tags: ['the', 'kit'], keywords: ['the', 'kit'] }),
  )
  // One matches exactly by its slug, one by its name.
  expect(slugs(search, { text: 'rust-api' })[0]).toBe('rust-api')
  expect(slugs(search, { text: 'The KIT' })[0]).toBe('kit')
  expect(slugs(search, { text: 'publisher-a/rust-api' })[0]).toBe('rust-api')
})

test('finds by prefixes and with small typos', () => {
  const search = searchOver(
    document('graphql-server', { description: 'Résumé of schemas' }),
    document('clinical', { tags: ['healthcare'] }),
  )
  expect(slugs(search, { text: 'grap' })).toEqual(['graphql-server'])
  expect(slugs(search, { text: 'grpahql' })).toEqual(['graphql-server'])
  expect(slugs(search, { text: 'helthcare' })).toEqual(['clinical'])
  expect(slugs(search, { text: 'resume' })).toEqual(['graphql-server'])
  expect(slugs(search, { text: 'alice' })).toHaveLength(2)
  expect(slugs(search, { text: 'c' })).toEqual(['clinical'])
  expect(slugs(search, { text: 'zzzz' })).toEqual([])
})

test('allows typos only if the words as typed find nothing', () => {
  const search = searchOver(document('trust-store'), document('rust-cli', { tags: ['crust'] }), document('thrust'))
  // `trust`, `crust` and `thrust` are one letter or two away.
  expect(slugs(search, { text: 'rust' })).toEqual(['rust-cli'])
  expect(slugs(search, { text: 'truts' })).toEqual([])
  expect(slugs(search, { text: 'trusd' })).toEqual(['trust-store'])
  expect(slugs(search, { text: 'rusd cli' })).toEqual(['rust-cli'])
})

test('a slug counts more than a tag, a tag more than a sentence', () => {
  const search = searchOver(
    document('one', { description: 'all about ontology and more' }),
    document('two', { tags: ['ontology'] }),
    document('ontology-base'),
  )
  expect(slugs(search, { text: 'ontology' })).toEqual(['ontology-base', 'two', 'one'])
})

test('matches all words, or any of them if nothing has all', () => {
  const search = searchOver(document('rust-web'), document('rust-cli'), document('go-web'))
  expect(slugs(search, { text: 'web rust' })).toEqual(['rust-web'])
  expect(slugs(search, { text: 'go rust' }).sort()).toEqual(['go-web', 'rust-cli', 'rust-web'])
})

test('facets count the matching documents, with filters applied', () => {
  const search = searchOver(
    document('a', { category: 'x', tags: ['t', 'u'], license: '' }),
    document('b', { category: 'x', tags: ['t'] }),
    document('c', { category: 'y', tags: ['t'], publisher: 'publisher-b', publisherName: 'bob' }),
  )
  const { facets, total } = search.query({})
  expect(total).toBe(3)
  expect(facets.category).toEqual([
    { value: 'x', count: 2 },
    { value: 'y', count: 1 },
  ])
  expect(facets.tag).toEqual([
    { value: 't', count: 3 },
    { value: 'u', count: 1 },
  ])
  expect(facets.license).toEqual([{ value: 'MIT', count: 2 }])
  expect(search.query({ category: 'x' }).facets.publisher).toEqual([{ value: 'publisher-a', count: 2 }])
  expect(slugs(search, { tag: 'u' })).toEqual(['a'])
  expect(slugs(search, { publisher: 'publisher-b' })).toEqual(['c'])
  expect(slugs(search, { publisher: 'bob' })).toEqual(['c'])
  expect(slugs(search, { category: 'none' })).toEqual([])
})

test('sorts by update and by name, and pages', () => {
  const search = searchOver(
    document('b', { publishedAt: 3 }),
    document('a', { publishedAt: 1 }),
    document('c', { publishedAt: 2 }),
  )
  expect(slugs(search, {})).toEqual(['b', 'c', 'a'])
  expect(slugs(search, { sort: 'updated' })).toEqual(['b', 'c', 'a'])
  expect(slugs(search, { sort: 'name' })).toEqual(['a', 'b', 'c'])
  expect(slugs(search, { text: 'alice', sort: 'name' })).toEqual(['a', 'b', 'c'])
  expect(slugs(search, { sort: 'name', offset: 1, limit: 1 })).toEqual(['b'])
  expect(search.query({ limit: 0 })).toMatchObject({ total: 3, hits: [] })
})

test('an impossible time sorts last, in any order of insertion', () => {
  const absurd = [Number.NaN, 9e15, -1, Number.POSITIVE_INFINITY]
  const documents = [
    ...absurd.map((publishedAt, n) => document(`x${n}`, { publishedAt })),
    ...[1, 3, 2].map((publishedAt) => document(`ok${publishedAt}`, { publishedAt })),
  ]
  for (const order of [documents, [...documents].reverse()])
    expect(slugs(searchOver(...order), { sort: 'updated' })).toEqual(['ok3', 'ok2', 'ok1', 'x0', 'x1', 'x2', 'x3'])
})

test('a document is replaced and removed', () => {
  const search = searchOver(document('a', { name: 'before', category: 'x' }))
  expect(search.query({}).facets.category).toEqual([{ value: 'x', count: 1 }])
  search.put(document('a', { name: 'after', category: 'y' }))
  expect(search.size()).toBe(1)
  expect(slugs(search, { text: 'before' })).toEqual([])
  expect(slugs(search, { text: 'after' })).toEqual(['a'])
  expect(search.query({}).facets.category).toEqual([{ value: 'y', count: 1 }])
  search.remove('publisher-a/a')
  search.remove('publisher-a/a')
  expect(search.query({ text: 'after' }).total).toBe(0)
  expect(search.query({}).total).toBe(0)
})

test('changing a document or an answer afterwards does not change the index', () => {
  const given = document('a', { tags: ['t'] })
  const search = searchOver(given)
  given.tags.push('u')
  given.name = 'other'
  search.query({}).hits[0]?.tags.push('v')
  search.query({}).facets.tag.push({ value: 'w', count: 9 })
  expect(search.query({}).hits[0]?.tags).toEqual(['t'])
  expect(search.query({}).facets.tag).toEqual([{ value: 't', count: 1 }])
  search.remove(given.id)
  expect(search.query({ text: 'a' }).total).toBe(0)
})

test('hostile values are clamped', () => {
  const search = searchOver(...Array.from({ length: 150 }, (_, n) => document(`p${n}`)))
  expect(search.query({ limit: 1e9 }).hits).toHaveLength(100)
  expect(search.query({ limit: -5 }).hits).toHaveLength(0)
  expect(search.query({ limit: Number.NaN }).hits).toHaveLength(20)
  expect(search.query({ offset: Number.NEGATIVE_INFINITY, limit: 1.9 }).hits).toHaveLength(1)
  expect(search.query({ offset: Number.POSITIVE_INFINITY }).hits).toHaveLength(0)
  fc.assert(
    fc.property(fc.anything(), fc.anything(), fc.anything(), (text, any, other) => {
      const query = { text, category: any, sort: other, offset: any, limit: other } as unknown as SearchQuery
      expect(search.query(query).hits.length).toBeLessThanOrEqual(100)
    }),
    { seed: 3, numRuns: 500 },
  )
  expect(search.query({ text: 'p1 '.repeat(1e5) }).total).toBeGreaterThan(0)
  expect(search.query(null as unknown as SearchQuery).total).toBe(150)
})

test('the order of insertion does not matter', () => {
  const words = ['rust', 'api', 'web', 'cli', 'graph']
  const documents = fc.uniqueArray(
    fc.record({
      slug: fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('-')),
      category: fc.constantFrom(...words),
      tags: fc.uniqueArray(fc.constantFrom(...words), { maxLength: 3 }),
      publishedAt: fc.integer({ min: 0, max: 3 }),
    }),
    { selector: ({ slug }) => slug, maxLength: 12 },
  )
  fc.assert(
    fc.property(documents, fc.constantFrom('', ...words, 'grph', 'rust web'), (given, text) => {
      const all = given.map(({ slug, ...rest }) => document(slug, rest))
      const answers = [all, [...all].reverse()].map((order) => {
        const { tookMs: _, ...answer } = searchOver(...order).query({ text, limit: 100 })
        return answer
      })
      expect(answers[0]).toEqual(answers[1])
      if (text === '') expect(answers[0]?.total).toBe(all.length)
    }),
    { seed: 5, numRuns: 200 },
  )
})
