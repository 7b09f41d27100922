import { raceSignal } from 'race-signal'
import type { SearchQuery, SearchResult } from '../contract/views.ts'
import {
  MAX_LICENSE_CHARACTERS,
  MAX_QUERY_PUBLISHER_CHARACTERS,
  MAX_QUERY_TEXT_CHARACTERS,
  MAX_TAG_CHARACTERS,
} from '../protocol/limits.ts'
import type { SearchFilters } from '../protocol/query-messages.ts'
import { toLine } from '../protocol/text.ts'
import { cleanQuery } from '../search/query.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Network } from './network.ts'

export interface PeerSearch {
  /**
   * Searches after connected peers have answered the same query: their entries are in the catalogue by then, so they
   * are found, deduplicated and ranked with everything else. `peers` counts the peers queried and those that answered.
   */
  search(query: SearchQuery, operation: Operation): Promise<SearchResult>
  /** Ends the peer query of the search with this id, which then resolves with local results. */
  cancel(searchId: string): void
}

export interface PeerSearchDependencies {
  search: { query(query: SearchQuery): SearchResult }
  network: { readonly started: Promise<unknown>; readonly query: Pick<Network['query'], 'search'> }
  now(): number
}

/** Searches the catalogues of other peers; the caller decides whether that is worthwhile. */
export const createPeerSearch = (deps: PeerSearchDependencies): PeerSearch => {
  const { search, network, now } = deps
  const controllers = new Map<string, AbortController>()

  return {
    async search(query, operation) {
      const started = now()
      const controller = new AbortController()
      const { searchId } = query
      if (typeof searchId === 'string') {
        controllers.get(searchId)?.abort()
        controllers.set(searchId, controller)
      }
      const asking = operation.withSignal(controller.signal)
      try {
        // Once it is cancelled, nobody is asked.
        await raceSignal(network.started, asking.signal).catch(() => {})
        const peers = await network.query.search(toQuestion(query), asking)
        return { ...search.query(query), peers, tookMs: now() - started }
      } finally {
        if (typeof searchId === 'string' && controllers.get(searchId) === controller) controllers.delete(searchId)
      }
    },
    cancel: (searchId) => controllers.get(searchId)?.abort(),
  }
}

/** The query within the limits of its wire format; a script may pass anything. */
const toQuestion = (query: SearchQuery): { text: string; filters: SearchFilters } => {
  const { text, filter } = cleanQuery(query)
  const filters: { -readonly [Key in keyof SearchFilters]: string } = {}
  for (const key of ['category', 'tag', 'license', 'publisher'] as const) {
    const value = toLine(filter[key] ?? '', maxCharacters[key])
    if (value !== '') filters[key] = value
  }
  return { text: toLine(text, MAX_QUERY_TEXT_CHARACTERS), filters }
}

const maxCharacters: Readonly<Record<keyof SearchFilters, number>> = {
  category: MAX_TAG_CHARACTERS,
  tag: MAX_TAG_CHARACTERS,
  license: MAX_LICENSE_CHARACTERS,
  publisher: MAX_QUERY_PUBLISHER_CHARACTERS,
}
