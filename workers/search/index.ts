import MiniSearch, { type SearchOptions } from 'minisearch'
import type { PackageSummary, SearchQuery, SearchResult } from '../contract/views.ts'
import { presentableTime } from '../protocol/presentable.ts'
import type { SearchDocument } from './document.ts'
import { createFacets, type Numbered } from './facets.ts'
import { type CleanQuery, cleanQuery } from './query.ts'
import { foldText, searchTerms, tokenize } from './terms.ts'

/**
 * Full-text search over all packages while a person types: words in any order, prefixes, small typos.
 *
 * An exact match of slug, id or name comes first. The cost of adding a document does not depend on the number of
 * documents. Not covered: other peers' catalogues, and languages that are written without spaces.
 */
export interface Search {
  /** Adds a document, or replaces the one with its id. */
  put(document: SearchDocument): void
  remove(id: string): void
  size(): number
  /** Never throws: hostile values are clamped or ignored. */
  query(query: SearchQuery): SearchResult
}

export interface SearchDependencies {
  /** Any monotonic clock (ms, with fractions). */
  now(): number
}

export const createSearch = ({ now }: SearchDependencies): Search => {
  const indexedById = new Map<string, Indexed>()
  const facets = createFacets()
  const index = createIndex()
  const orders = new Map<'updated' | 'name', Numbered[]>()
  let facetsOfAll: SearchResult['facets'] | undefined

  const clearCaches = (): void => {
    orders.clear()
    facetsOfAll = undefined
  }

  const put = (given: SearchDocument): void => {
    remove(given.id)
    const document = {
      ...given,
      // Sorting needs numbers that compare.
      publishedAt: presentableTime(given.publishedAt),
      tags: [...given.tags],
      keywords: [...given.keywords],
    }
    indexedById.set(document.id, { document, facets: facets.number(document), foldedName: foldText(document.name) })
    index.add(toFields(document))
    clearCaches()
  }

  const remove = (id: string): void => {
    const before = indexedById.get(id)
    if (before === undefined) return
    index.remove(toFields(before.document))
    indexedById.delete(id)
    clearCaches()
  }

  /** Returns all documents, sorted; cached until one changes. */
  const inOrder = (sort: 'updated' | 'name'): readonly Numbered[] => {
    const cached = orders.get(sort)
    if (cached !== undefined) return cached
    const sorted = [...indexedById.values()].sort(sort === 'name' ? byName : byUpdate)
    orders.set(sort, sorted)
    return sorted
  }

  /** Returns matches of all words; if there are none, with typos; if there are none, of any word. Best first. */
  const match = (text: string, matches: (indexed: Indexed) => boolean): Ranked[] => {
    const terms = searchTerms(text)
    const exact = foldText(text)
    for (const options of attemptsFor(terms)) {
      const found: Ranked[] = []
      for (const { id, score } of index.search(terms.join(' '), options)) {
        const indexed = indexedById.get(String(id))
        if (indexed === undefined || !matches(indexed)) continue
        found.push({ indexed, rank: isExact(indexed, exact) ? score + exactBonus : score })
      }
      if (found.length > 0) return found.sort((a, b) => b.rank - a.rank || byName(a.indexed, b.indexed))
    }
    return []
  }

  const find = ({ text, filter, sort }: CleanQuery): readonly Numbered[] => {
    const matches = facets.matcher(filter)
    if (text !== '') {
      const found = match(text, matches).map(({ indexed }) => indexed)
      return sort === 'relevance' ? found : found.sort(sort === 'name' ? byName : byUpdate)
    }
    const all = inOrder(sort === 'name' ? 'name' : 'updated')
    return Object.keys(filter).length === 0 ? all : all.filter(matches)
  }

  return {
    put,
    remove,
    size: () => indexedById.size,

    query(given) {
      const startedAt = now()
      const query = cleanQuery(given)
      const found = find(query)
      let counts = found.length === indexedById.size ? facetsOfAll : undefined
      counts ??= facets.count(found)
      if (found.length === indexedById.size) facetsOfAll = counts
      return {
        total: found.length,
        facets: structuredClone(counts),
        hits: found.slice(query.offset, query.offset + query.limit).map(({ document }) => toSummary(document)),
        tookMs: now() - startedAt,
      }
    },
  }
}

interface Indexed extends Numbered {
  readonly foldedName: string
}

interface Ranked {
  readonly indexed: Indexed
  readonly rank: number
}

interface Fields {
  id: string
  slug: string
  name: string
  tags: string
  keywords: string
  description: string
  publisher: string
  category: string
}

/** More than any score of the index, so that an exact match comes first. */
const exactBonus = 1_000_000

/** A match in a name counts more than in a tag, and in a tag more than in a sentence. */
const boost = { slug: 6, name: 5, tags: 3, keywords: 2, category: 2, description: 1, publisher: 1 }

/**
 * Returns the searches to try until one finds something. Typos are allowed only if the words as typed find nothing:
 * fuzzy search costs as much as all the rest together, and adds irrelevant hits.
 */
const attemptsFor = (terms: readonly string[]): SearchOptions[] => {
  if (terms.length === 0) return []
  const asTyped = allTerms(terms)
  const attempts = [asTyped]
  if (terms.some((term) => fuzzy(term) !== false)) attempts.push({ ...asTyped, fuzzy })
  if (terms.length > 1) attempts.push(anyTerm(terms))
  return attempts
}

/**
 * Matches all words, each of which may be a prefix. Prefixes of one or two letters match too many words in sentences,
 * so they are searched in names only.
 */
const allTerms = (terms: readonly string[]): SearchOptions => ({
  boost,
  ...(terms.every((term) => term.length < 3) ? { fields: ['slug', 'name'] } : {}),
  combineWith: 'AND',
  prefix: (term, i) => term.length > 2 || i === terms.length - 1,
  weights: { fuzzy: 0.3, prefix: 0.6 },
})

/** Matches any word: whole words over far more documents, with small typos if there are few words. */
const anyTerm = (terms: readonly string[]): SearchOptions => ({
  boost,
  combineWith: 'OR',
  fuzzy: terms.length > 3 ? false : fuzzy,
  weights: { fuzzy: 0.3, prefix: 0.6 },
})

/**
 * Allowed edit distance. Two swapped letters count as two. Words of up to three letters must match exactly, because
 * nearly everything is one letter away from them.
 */
const fuzzy = (term: string): number | false => (term.length > 6 ? 2 : term.length > 3 ? 1 : false)

const createIndex = (): MiniSearch<Fields> =>
  new MiniSearch<Fields>({
    fields: ['slug', 'name', 'tags', 'keywords', 'category', 'description', 'publisher'],
    tokenize,
    // Terms are folded by `tokenize`.
    processTerm: (term) => term,
    autoVacuum: true,
  })

const toFields = (document: SearchDocument): Fields => ({
  id: document.id,
  slug: document.slug,
  name: document.name,
  tags: document.tags.join(' '),
  keywords: document.keywords.join(' '),
  description: document.description,
  // The name, and the displayed part of the id.
  publisher: `${document.publisherName} ${document.publisher.slice(0, shownIdCharacters)}`,
  category: document.category,
})

/** As in `@name~1a2b3c4d/slug`. */
const shownIdCharacters = 8

const isExact = ({ document: { slug, id }, foldedName }: Indexed, folded: string): boolean =>
  slug === folded || id === folded || foldedName === folded

const toSummary = ({ keywords: _, ...summary }: SearchDocument): PackageSummary => ({
  ...summary,
  tags: [...summary.tags],
})

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byName = ({ document: a }: Numbered, { document: b }: Numbered): number =>
  compareText(a.slug, b.slug) || compareText(a.id, b.id)

const byUpdate = (a: Numbered, b: Numbered): number => b.document.publishedAt - a.document.publishedAt || byName(a, b)
