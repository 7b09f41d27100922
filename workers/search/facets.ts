import type { Facet, SearchResult } from '../contract/views.ts'
import type { SearchDocument } from './index.ts'
import type { Filter } from './query.ts'

/**
 * Counts of categories, tags, licences and publishers over the documents that match. Values are numbered once, when a
 * document is put, so that counting adds numbers and compares no texts.
 */
export interface Facets {
  put(document: SearchDocument): void
  remove(id: string): void
  matcher(filter: Filter): (id: string) => boolean
  count(documents: readonly SearchDocument[]): SearchResult['facets']
}

/** Values of one facet that are told, the most frequent first: more than a page lists. */
const maxValues = 50

interface Numbered {
  readonly category: readonly number[]
  readonly tag: readonly number[]
  readonly license: readonly number[]
  readonly publisher: readonly number[]
  readonly publisherName: string
}

export const createFacets = (): Facets => {
  const numberedById = new Map<string, Numbered>()
  const values = {
    category: createNumbers(),
    tag: createNumbers(),
    license: createNumbers(),
    publisher: createNumbers(),
  }

  const countOne = (facet: keyof typeof values, documents: readonly Numbered[]): Facet[] => {
    const counts = new Uint32Array(values[facet].size())
    const seen: number[] = []
    for (const document of documents) {
      for (const value of document[facet]) {
        if (counts[value] === 0) seen.push(value)
        counts[value] = (counts[value] ?? 0) + 1
      }
    }
    const found = seen.map((value) => ({ value: values[facet].text(value), count: counts[value] ?? 0 }))
    return found.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)).slice(0, maxValues)
  }

  return {
    put(document) {
      numberedById.set(document.id, {
        category: values.category.numbers([document.category]),
        tag: values.tag.numbers(document.tags),
        license: values.license.numbers([document.license]),
        publisher: values.publisher.numbers([document.publisher]),
        publisherName: document.publisherName,
      })
    },
    remove(id) {
      numberedById.delete(id)
    },

    matcher(filter) {
      const wanted = facetNames.flatMap((facet) => {
        const value = filter[facet]
        return value === undefined ? [] : [{ facet, value, number: values[facet].known(value) }]
      })
      if (wanted.length === 0) return () => true
      return (id) => {
        const document = numberedById.get(id)
        return (
          document !== undefined &&
          wanted.every(
            ({ facet, value, number }) =>
              (number !== undefined && document[facet].includes(number)) ||
              (facet === 'publisher' && document.publisherName === value),
          )
        )
      }
    },

    count(documents) {
      const numbered = documents.flatMap(({ id }) => numberedById.get(id) ?? [])
      return {
        category: countOne('category', numbered),
        tag: countOne('tag', numbered),
        license: countOne('license', numbered),
        publisher: countOne('publisher', numbered),
      }
    },
  }
}

const facetNames = ['category', 'tag', 'license', 'publisher'] as const

/** Numbers for texts, from 0 on. A text keeps its number; texts that no document has any more cost a word each. */
const createNumbers = () => {
  const numberByText = new Map<string, number>()
  const texts: string[] = []
  return {
    size: () => texts.length,
    text: (number: number) => texts[number] ?? '',
    known: (text: string) => numberByText.get(text),
    /** An empty text is no value. */
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
