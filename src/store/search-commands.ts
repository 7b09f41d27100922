import type { SearchQuery } from '../../workers/contract/views.ts'
import type { EngineClient } from '../engine/client.ts'
import type { BrowseQuery } from '../routes.ts'
import { toFailureView } from './failure-view.ts'
import { createLatest } from './latest.ts'
import { PAGE_HITS } from './state.ts'
import type { Store } from './store.ts'

export interface SearchCommands {
  /** Looks for `query`; older results stay until the answer is there. */
  search(query: BrowseQuery): void
  /** Asks for one more page of what is shown. */
  loadPage(page: number): void
  /** Asks again for what is shown, because the catalogue changed. */
  refreshSearch(): void
}

export const createSearchCommands = (client: EngineClient, { getState, setState }: Store): SearchCommands => {
  /** The page that was looked at last: a refresh fetches it with the first. */
  let lastPage = 0
  const asked = new Set<string>()

  const run = createLatest<BrowseQuery>(async (query) => {
    try {
      const { total, tookMs, facets, hits } = await client.search(toSearchQuery(query, 0))
      const isNew = getState().search.answered !== query
      if (isNew) lastPage = 0
      const again = isNew || lastPage === 0 || lastPage * PAGE_HITS >= total ? undefined : lastPage
      const more = again === undefined ? undefined : await client.search(toSearchQuery(query, again))
      setState(({ search: { wanted } }) => ({
        search: {
          wanted,
          answered: query,
          result: { total, tookMs, facets },
          pages: { 0: hits, ...(again === undefined || more === undefined ? {} : { [again]: more.hits }) },
        },
      }))
    } catch (error) {
      const failure = toFailureView(error)
      setState(({ search }) => ({ search: { ...search, answered: query, failure } }))
    }
  })

  return {
    search(query) {
      setState(({ search }) => ({ search: { ...search, wanted: query } }))
      if (getState().engine.phase === 'ready') run(query)
    },

    async loadPage(page) {
      const { answered, result } = getState().search
      if (answered === undefined) return
      const key = `${page}`
      if (asked.has(key)) return
      asked.add(key)
      lastPage = page
      try {
        const { hits } = await client.search(toSearchQuery(answered, page))
        setState(({ search }) =>
          search.result === result ? { search: { ...search, pages: { ...search.pages, [page]: hits } } } : {},
        )
      } catch {
        // The rows stay empty and are asked for again when they come into view again.
      } finally {
        asked.delete(key)
      }
    },

    refreshSearch() {
      const { search, engine } = getState()
      if (search.wanted !== undefined && engine.phase === 'ready') run(search.wanted)
    },
  }
}

/** Without a text there is nothing to be relevant to: the newest come first. */
const toSearchQuery = ({ text, ...filters }: BrowseQuery, page: number): SearchQuery => ({
  sort: text.trim() === '' ? 'updated' : 'relevance',
  ...filters,
  text: text.trim(),
  offset: page * PAGE_HITS,
  limit: PAGE_HITS,
})
