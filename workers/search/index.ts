import MiniSearch from 'minisearch'
import type { PackageSummary, SearchQuery, SearchResult } from '../contract/views.ts'
import { createFacets } from './facets.ts'
import { cleanQuery } from './query.ts'
import { foldText, searchTerms, tokenize } from './terms.ts'

/**
 * Search over all packages, as a person types: words in any order, beginnings of words, small mistakes.
 *
 * What is asked for by its exact name comes first. Putting one document costs the same whatever the number of the
 * others. Not done here: other peers' catalogues, and languages that write without spaces.
 */
export interface Search {
  /** Adds a document, or replaces the one with its id. */
  put(document: SearchDocument): void
  putAll(documents: Iterable<SearchDocument>): void
  remove(id: string): void
  size(): number
  /** Total: hostile values are clamped or ignored. */
  query(query: SearchQuery): SearchResult
}

export interface SearchDocument extends PackageSummary {
  keywords: string[]
}

export interface SearchDependencies {
  /** Milliseconds with fractions, of any origin. */
  now(): number
}

export const createSearch = ({ now }: SearchDependencies): Search => {
  const documentById = new Map<string, SearchDocument>()
  const facets = createFacets()
  const index = createIndex()
  const orders = new Map<'updated' | 'name', SearchDocument[]>()

  const put = (document: SearchDocument): void => {
    remove(document.id)
    const kept = { ...document, tags: [...document.tags], keywords: [...document.keywords] }
    documentById.set(kept.id, kept)
    index.add(toFields(kept))
    facets.put(kept)
    orders.clear()
  }

  const remove = (id: string): void => {
    const before = documentById.get(id)
    if (before === undefined) return
    index.remove(toFields(before))
    facets.remove(id)
    documentById.delete(id)
    orders.clear()
  }

  /** All documents, sorted; kept until one changes. */
  const inOrder = (sort: 'updated' | 'name'): readonly SearchDocument[] => {
    const known = orders.get(sort)
    if (known !== undefined) return known
    const sorted = [...documentById.values()].sort(sort === 'name' ? byName : byUpdate)
    orders.set(sort, sorted)
    return sorted
  }

  /** Ids by relevance with their scores; everything that has all words, else what has any of them. */
  const match = (text: string): Map<string, number> => {
    const terms = searchTerms(text)
    const scores = new Map<string, number>()
    if (terms.length === 0) return scores
    for (const combineWith of ['AND', 'OR'] as const) {
      for (const { id, score } of index.search(terms.join(' '), { ...searchOptions, combineWith })) {
        scores.set(String(id), score)
      }
      if (scores.size > 0 || terms.length === 1) break
    }
    return scores
  }

  return {
    put,
    putAll(documents) {
      for (const document of documents) put(document)
    },
    remove,
    size: () => documentById.size,

    query(given) {
      const startedAt = now()
      const { text, filter, sort, offset, limit } = cleanQuery(given)
      const scores = text === '' ? undefined : match(text)
      const matches = facets.matcher(filter)
      const found: SearchDocument[] = []
      if (scores !== undefined && sort === 'relevance') {
        const exact = foldText(text)
        const ranked: { document: SearchDocument; rank: number }[] = []
        for (const [id, score] of scores) {
          const document = documentById.get(id)
          if (document !== undefined && matches(id)) {
            ranked.push({ document, rank: isExact(document, exact) ? score + exactBonus : score })
          }
        }
        ranked.sort((a, b) => b.rank - a.rank || byName(a.document, b.document))
        for (const { document } of ranked) found.push(document)
      } else {
        for (const document of inOrder(sort === 'relevance' ? 'updated' : sort)) {
          if ((scores === undefined || scores.has(document.id)) && matches(document.id)) found.push(document)
        }
      }
      const hits = found.slice(offset, offset + limit).map(toSummary)
      return { total: found.length, facets: facets.count(found), hits, tookMs: now() - startedAt }
    },
  }
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

/** More than any score of the index, so that what was asked for by its exact name comes first. */
const exactBonus = 1_000_000

/**
 * A name says more than a tag, a tag more than a sentence. Words of up to three letters must be right, as nearly
 * everything is one letter away from them; in longer ones one letter in five may be wrong.
 */
const searchOptions = {
  boost: { slug: 6, name: 5, tags: 3, keywords: 2, category: 2, description: 1, publisher: 1 },
  prefix: true,
  fuzzy: (term: string) => (term.length > 3 ? 0.2 : false),
  maxFuzzy: 2,
  weights: { fuzzy: 0.3, prefix: 0.6 },
}

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
  // The name, and what is shown of the id.
  publisher: `${document.publisherName} ${document.publisher.slice(0, shownIdCharacters)}`,
  category: document.category,
})

/** As in `@name~1a2b3c4d/slug`. */
const shownIdCharacters = 8

const isExact = ({ slug, name, id }: SearchDocument, folded: string): boolean =>
  slug === folded || id === folded || foldText(name) === folded

const toSummary = ({ keywords: _, ...summary }: SearchDocument): PackageSummary => ({
  ...summary,
  tags: [...summary.tags],
})

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byName = (a: SearchDocument, b: SearchDocument): number => compareText(a.slug, b.slug) || compareText(a.id, b.id)

const byUpdate = (a: SearchDocument, b: SearchDocument): number => b.publishedAt - a.publishedAt || byName(a, b)
