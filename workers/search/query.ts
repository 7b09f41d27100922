import type { SearchQuery, SortOrder } from '../contract/views.ts'

/** A query with every value of a known kind and in its bounds. */
export interface CleanQuery {
  readonly text: string
  readonly filter: Filter
  readonly sort: SortOrder
  readonly offset: number
  readonly limit: number
}

/** Only what is asked for stands in it. */
export interface Filter {
  readonly category?: string
  readonly tag?: string
  readonly license?: string
  /** A publisher's id or name. */
  readonly publisher?: string
}

/** Hits a page shows when it does not say. */
const defaultLimit = 20

/** Hits of one answer: more would block the page when it is posted. */
const maxLimit = 100

/** Characters of the text that are looked at: longer than any spec that names a package. */
const maxTextCharacters = 320

/** Total: a script may pass anything. */
export const cleanQuery = (query: SearchQuery): CleanQuery => {
  const given: { readonly [Key in keyof SearchQuery]?: unknown } = isRecord(query) ? query : {}
  const filter: { -readonly [Key in keyof Filter]: Filter[Key] } = {}
  for (const key of ['category', 'tag', 'license', 'publisher'] as const) {
    const value = given[key]
    if (typeof value === 'string' && value !== '') filter[key] = value
  }
  return {
    text: typeof given.text === 'string' ? given.text.slice(0, maxTextCharacters).toWellFormed().trim() : '',
    filter,
    sort: sortOrders.find((order) => order === given.sort) ?? 'relevance',
    offset: clamp(given.offset, 0, Number.MAX_SAFE_INTEGER, 0),
    limit: clamp(given.limit, 0, maxLimit, defaultLimit),
  }
}

const sortOrders: readonly SortOrder[] = ['relevance', 'updated', 'name']

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

const clamp = (value: unknown, min: number, max: number, otherwise: number): number =>
  typeof value !== 'number' || Number.isNaN(value) ? otherwise : Math.floor(Math.min(Math.max(value, min), max))
