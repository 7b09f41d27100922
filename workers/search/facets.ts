import type { Facet, SearchResult } from '../contract/views.ts'
import type { SearchDocument } from './document.ts'
import type { Filter } from './query.ts'

/**
 * Counts categories, tags, licences and publishers over the matching documents. Values are numbered once, when a
 * document is added, so that counting compares no texts.
 */
export interface Facets {
  number(document: SearchDocument): FacetNumbers
  matcher(filter: Filter): (document: Numbered) => boolean
  count(documents: readonly Numbered[]): SearchResult['facets']
}

/** The numbers of a document's values. */
export interface FacetNumbers {
  readonly category: readonly number[]
  readonly tag: readonly number[]
  readonly license: readonly number[]
  readonly publisher: readonly number[]
}

export interface Numbered {
  readonly document: SearchDocument
  readonly facets: FacetNumbers
}

/** Values returned per facet, the most frequent first: more than a page lists. */
const maxValues = 50

export const createFacets = (): Facets => {
  const values = {
    category: createNumbers(),
    tag: createNumbers(),
    license: createNumbers(),
    publisher: createNumbers(),
  }

  const countOne = (facet: keyof FacetNumbers, documents: readonly Numbered[]): Facet[] => {
    const counts = new Uint32Array(values[facet].size())
    for (const { facets } of documents) {
      for (const value of facets[facet]) counts[value] = (counts[value] ?? 0) + 1
    }
    const found: Facet[] = []
    for (let value = 0; value < counts.length; value++) {
      const count = counts[value] ?? 0
      if (count > 0) found.push({ value: values[facet].text(value), count })
    }
    return found.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)).slice(0, maxValues)
  }

  return {
    number: (document) => ({
      category: values.category.numbers([document.category]),
      tag: values.tag.numbers(document.tags),
      license: values.license.numbers([document.license]),
      publisher: values.publisher.numbers([document.publisher]),
    }),

    matcher(filter) {
      const wanted = facetNames.flatMap((facet) => {
        const value = filter[facet]
        return value === undefined ? [] : [{ facet, value, number: values[facet].numberOf(value) }]
      })
      return ({ document, facets }) =>
        wanted.every(
          ({ facet, value, number }) =>
            (number !== undefined && facets[facet].includes(number)) ||
            (facet === 'publisher' && document.publisherName === value),
        )
    },

    count: (documents) => ({
      category: countOne('category', documents),
      tag: countOne('tag', documents),
      license: countOne('license', documents),
      publisher: countOne('publisher', documents),
    }),
  }
}

const facetNames = ['category', 'tag', 'license', 'publisher'] as const

/** Numbers texts, starting with 0. A text keeps its number; each text that is no longer in use costs a few bytes. */
const createNumbers = () => {
  const numberByText = new Map<string, number>()
  const texts: string[] = []
  return {
    size: () => texts.length,
    text: (number: number) => texts[number] ?? '',
    numberOf: (text: string) => numberByText.get(text),
    /** Skips empty texts. */
    numbers(given: readonly string[]): number[] {
      const numbers = new Set<number>()
      for (const text of given) {
        if (text === '') continue
        let number = numberByText.get(text)
        if (number === undefined) {
          number = texts.push(text) - 1
          numberByText.set(text, number)
        }
        numbers.add(number)
      }
      return [...numbers]
    },
  }
}
