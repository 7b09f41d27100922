import type { SearchQuery, SearchResult } from '../contract/views.ts'
import type { Search } from '../search/index.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { PeerSearch } from './peer-search.ts'

/** Searches of people and scripts, here or, with `remote`, also at connected peers. */
export interface Searches {
  search(query: SearchQuery, operation: Operation): Promise<SearchResult>
  /** Ends the peer query of the search with this id, which then resolves with local results. */
  cancel(searchId: string): void
}

export interface SearchesDependencies {
  search: Pick<Search, 'query'>
  peerSearch: (search: Pick<Search, 'query'>) => PeerSearch
  telemetry: Pick<Telemetry, 'meter'>
}

/**
 * Measures every search: its span tells where the results come from, never what was searched for. The duration is that of
 * the local search, which a remote one ends with; the wait for peers shows in its span.
 */
export const createSearches = ({ search, peerSearch, telemetry }: SearchesDependencies): Searches => {
  const duration = telemetry.meter.createHistogram('package_search_duration')

  const query = (wanted: SearchQuery): SearchResult => {
    const result = search.query(wanted)
    duration.record(result.tookMs)
    return result
  }
  const atPeers = peerSearch({ query })

  return {
    search: (wanted, operation) =>
      operation.run('search', async (searching) => {
        const isRemote = wanted?.remote === true
        const result = isRemote ? await atPeers.search(wanted, searching) : query(wanted)
        searching.span.setAttributes({
          results: result.hits.length,
          total: result.total,
          from: isRemote ? 'peers' : 'local',
          ...result.peers,
        })
        return result
      }),
    cancel: atPeers.cancel,
  }
}
