import type { SearchQuery, SortOrder } from '../contract/views.ts'

/** A query whose values are valid and within bounds. */
export interface CleanQuery {
  readonly text: string
  readonly filter: Filter
  readonly sort: SortOrder
  readonly offset: number
  readonly limit: number
}

/** Contains only the requested fields. */
export interface Filter {
  readonly category?: string
  readonly tag?: string
  readonly license?: string
  /** A publisher's id or name. */
  readonly publisher?: string
}

/** Hits of one answer by default. */
const defaultLimit = 20

/** Maximum hits of one answer: posting more would block the page. */
const maxLimit = 100

/** Characters of the text that are used: longer than any package spec. */
const maxTextCharacters = 320

/** Never throws: a script may pass anything. */
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
