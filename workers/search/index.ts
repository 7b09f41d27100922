import MiniSearch, { type SearchOptions } from 'minisearch'
import type { PackageSummary, SearchQuery, SearchResult } from '../contract/views.ts'
import { presentableTime } from '../protocol/presentable.ts'
import type { SearchDocument } from './document.ts'
import { createFacets, type Numbered } from './facets.ts'
import { type CleanQuery, cleanQuery } from './query.ts'
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
  remove(id: string): void
  size(): number
  /** Total: hostile values are clamped or ignored. */
  query(query: SearchQuery): SearchResult
}

export interface SearchDependencies {
  /** Milliseconds with fractions, of any origin. */
  now(): number
}

export const createSearch = ({ now }: SearchDependencies): Search => {
  const keptById = new Map<string, Kept>()
  const facets = createFacets()
  const index = createIndex()
  const orders = new Map<'updated' | 'name', Numbered[]>()
  let facetsOfAll: SearchResult['facets'] | undefined

  const forgetOrders = (): void => {
    orders.clear()
    facetsOfAll = undefined
  }

  const put = (given: SearchDocument): void => {
    remove(given.id)
    const document = {
      ...given,
      // Sorting takes no other numbers.
      publishedAt: presentableTime(given.publishedAt),
      tags: [...given.tags],
      keywords: [...given.keywords],
    }
    keptById.set(document.id, { document, facets: facets.number(document), foldedName: foldText(document.name) })
    index.add(toFields(document))
    forgetOrders()
  }

  const remove = (id: string): void => {
    const before = keptById.get(id)
    if (before === undefined) return
    index.remove(toFields(before.document))
    keptById.delete(id)
    forgetOrders()
  }

  /** All documents, sorted; kept until one changes. */
  const inOrder = (sort: 'updated' | 'name'): readonly Numbered[] => {
    const known = orders.get(sort)
    if (known !== undefined) return known
    const sorted = [...keptById.values()].sort(sort === 'name' ? byName : byUpdate)
    orders.set(sort, sorted)
    return sorted
  }

  /** What has all words of the text, else what has them with mistakes, else what has any of them, best first. */
  const match = (text: string, matches: (kept: Kept) => boolean): Ranked[] => {
    const terms = searchTerms(text)
    const exact = foldText(text)
    for (const options of triesFor(terms)) {
      const found: Ranked[] = []
      for (const { id, score } of index.search(terms.join(' '), options)) {
        const kept = keptById.get(String(id))
        if (kept === undefined || !matches(kept)) continue
        found.push({ kept, rank: isExact(kept, exact) ? score + exactBonus : score })
      }
      if (found.length > 0) return found.sort((a, b) => b.rank - a.rank || byName(a.kept, b.kept))
    }
    return []
  }

  const find = ({ text, filter, sort }: CleanQuery): readonly Numbered[] => {
    const matches = facets.matcher(filter)
    if (text !== '') {
      const found = match(text, matches).map(({ kept }) => kept)
      return sort === 'relevance' ? found : found.sort(sort === 'name' ? byName : byUpdate)
    }
    const all = inOrder(sort === 'name' ? 'name' : 'updated')
    return Object.keys(filter).length === 0 ? all : all.filter(matches)
  }

  return {
    put,
    remove,
    size: () => keptById.size,

    query(given) {
      const startedAt = now()
      const query = cleanQuery(given)
      const found = find(query)
      let counts = found.length === keptById.size ? facetsOfAll : undefined
      counts ??= facets.count(found)
      if (found.length === keptById.size) facetsOfAll = counts
      return {
        total: found.length,
        facets: structuredClone(counts),
        hits: found.slice(query.offset, query.offset + query.limit).map(({ document }) => toSummary(document)),
        tookMs: now() - startedAt,
      }
    },
  }
}

interface Kept extends Numbered {
  readonly foldedName: string
}

interface Ranked {
  readonly kept: Kept
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

/** More than any score of the index, so that what was asked for by its exact name comes first. */
const exactBonus = 1_000_000

/** A name says more than a tag, a tag more than a sentence. */
const boost = { slug: 6, name: 5, tags: 3, keywords: 2, category: 2, description: 1, publisher: 1 }

/**
 * What is tried, until something is found. Mistakes are looked for only where the words as they stand find nothing:
 * that costs as much as all else together, and would put hits that nobody meant behind those that are right.
 */
const triesFor = (terms: readonly string[]): SearchOptions[] => {
  if (terms.length === 0) return []
  const asTyped = allTerms(terms)
  const tries = [asTyped]
  if (terms.some((term) => fuzzy(term) !== false)) tries.push({ ...asTyped, fuzzy })
  if (terms.length > 1) tries.push(anyTerm(terms))
  return tries
}

/**
 * Any word may be a beginning. One or two letters begin too many words to look for them in sentences: they are looked
 * for in names only.
 */
const allTerms = (terms: readonly string[]): SearchOptions => ({
  boost,
  ...(terms.every((term) => term.length < 3) ? { fields: ['slug', 'name'] } : {}),
  combineWith: 'AND',
  prefix: (term, i) => term.length > 2 || i === terms.length - 1,
  weights: { fuzzy: 0.3, prefix: 0.6 },
})

/** The last try, over far more documents: whole words, and small mistakes while there are few of them. */
const anyTerm = (terms: readonly string[]): SearchOptions => ({
  boost,
  combineWith: 'OR',
  fuzzy: terms.length > 3 ? false : fuzzy,
  weights: { fuzzy: 0.3, prefix: 0.6 },
})

/**
 * Letters that may be wrong. Two that changed places count as two. Words of up to three letters must be right, as nearly
 * everything is one letter away from them.
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
  // The name, and what is shown of the id.
  publisher: `${document.publisherName} ${document.publisher.slice(0, shownIdCharacters)}`,
  category: document.category,
})

/** As in `@name~1a2b3c4d/slug`. */
const shownIdCharacters = 8

const isExact = ({ document: { slug, id }, foldedName }: Kept, folded: string): boolean =>
  slug === folded || id === folded || foldedName === folded

const toSummary = ({ keywords: _, ...summary }: SearchDocument): PackageSummary => ({
  ...summary,
  tags: [...summary.tags],
})

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const byName = ({ document: a }: Numbered, { document: b }: Numbered): number =>
  compareText(a.slug, b.slug) || compareText(a.id, b.id)

const byUpdate = (a: Numbered, b: Numbered): number => b.document.publishedAt - a.document.publishedAt || byName(a, b)
