import type { SearchQuery, SearchResult } from '../../workers/contract/views.ts'
import type { EngineClient, traceIdOf } from '../engine/client.ts'
import type { BrowseQuery } from '../routes.ts'
import { toFailureView } from './failure-view.ts'
import { createLatest } from './latest.ts'
import { createPeerSearchCommands } from './peer-search-commands.ts'
import { PAGE_HITS, type State } from './state.ts'
import type { AppStore } from './store.ts'

export interface SearchCommands {
  /** Searches for `query`; older results stay until the answer arrives. */
  search(query: BrowseQuery): void
  /** Loads another page of the shown results. */
  loadPage(page: number): void
  /** Repeats the current search after a change of the catalogue. */
  refreshSearch(): void
  /** Queries other peers for the shown results if it is useful. */
  considerPeers(): void
}

export const createSearchCommands = (
  client: EngineClient,
  store: AppStore,
  traceOf: typeof traceIdOf,
): SearchCommands => {
  const { getState, setState } = store
  const peerSearch = createPeerSearchCommands(client, store, (query) => toSearchQuery(query, 0))
  /** Last loaded page of the shown results: a refresh fetches it along with the first. */
  let lastPage = 0
  /** Pages being loaded, by the results that they belong to. */
  const loadingByResult = new WeakMap<object, Set<number>>()

  const run = createLatest<BrowseQuery>(async (query) => {
    try {
      const searching = client.search(toSearchQuery(query, 0))
      const traceId = traceOf(searching)
      const { total, tookMs, facets, hits } = await searching
      const isNew = getState().search.answered !== query
      if (isNew) lastPage = 0
      const again = isNew || lastPage === 0 || lastPage * PAGE_HITS >= total ? undefined : lastPage
      const more = again === undefined ? undefined : await client.search(toSearchQuery(query, again))
      setState(({ search: { wanted, peers } }) => ({
        search: {
          wanted,
          answered: query,
          result: { total, tookMs, facets, ...(traceId === undefined ? {} : { traceId }) },
          pages: { 0: hits, ...(again === undefined || more === undefined ? {} : { [again]: more.hits }) },
          peers,
        },
      }))
      peerSearch.consider()
    } catch (error) {
      const failure = toFailureView(error)
      setState(({ search }) => ({ search: { ...search, answered: query, failure } }))
    }
  })

  return {
    search(query) {
      setState(({ search }) => ({ search: { ...search, wanted: query } }))
      peerSearch.setQuery(query)
      if (getState().engine.phase === 'ready') run(query)
    },

    async loadPage(page) {
      const { answered, result } = getState().search
      if (answered === undefined || result === undefined) return
      const loading = loadingByResult.get(result) ?? new Set<number>()
      loadingByResult.set(result, loading)
      if (loading.has(page)) return
      loading.add(page)
      lastPage = page
      try {
        const { hits } = await client.search(toSearchQuery(answered, page))
        setState(({ search }) => (search.result === result ? withPage(search, page, hits) : {}))
      } catch {
        // The rows stay empty and are loaded again when they return to view.
      } finally {
        loading.delete(page)
      }
    },

    refreshSearch() {
      const { search, engine } = getState()
      if (search.wanted !== undefined && engine.phase === 'ready') run(search.wanted)
    },

    considerPeers: peerSearch.consider,
  }
}

const withPage = (search: State['search'], page: number, hits: SearchResult['hits']): Pick<State, 'search'> => ({
  search: { ...search, pages: { ...search.pages, [page]: hits } },
})

/** Sorts by date when there is no text to rank by. */
const toSearchQuery = ({ text, ...filters }: BrowseQuery, page: number): SearchQuery => ({
  sort: text.trim() === '' ? 'updated' : 'relevance',
  ...filters,
  text: text.trim(),
  offset: page * PAGE_HITS,
  limit: PAGE_HITS,
})
