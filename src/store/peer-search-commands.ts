import type { SearchQuery } from '../../workers/contract/views.ts'
import type { EngineClient } from '../engine/client.ts'
import { type BrowseQuery, filterKeys } from '../routes.ts'
import { shouldQueryPeers } from './selectors.ts'
import type { AppStore } from './store.ts'

/**
 * Queries other peers when the local catalogue may lack results. Local results do not wait for it: peers' results enter
 * the catalogue, and the list updates with it. Keeps only the counts of the query, and cancels it when the user
 * searches for something else.
 */
export interface PeerSearchCommands {
  /** Schedules one query for the shown results if it is useful; repeats it only if no peer could be queried. */
  consider(): void
  /** Sets the current search, and cancels a query for any other. */
  setQuery(query: BrowseQuery): void
}

/** Pause in typing before a query (ms): at 40 words a minute there are 300 ms between two keys. */
const pauseMs = 350

export const createPeerSearchCommands = (
  client: Pick<EngineClient, 'search' | 'cancel'>,
  { getState, setState }: AppStore,
  toSearchQuery: (query: BrowseQuery) => SearchQuery,
): PeerSearchCommands => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: string | undefined
  /** Key of the current search. */
  let currentKey: string | undefined

  const queryPeers = async (): Promise<void> => {
    timer = undefined
    const query = getState().search.wanted
    if (query === undefined || !shouldQueryPeers(getState())) return
    const searchId = `page-${crypto.randomUUID()}`
    running = searchId
    const setPeers = (peers: { asked: number; answered: number } | 'asking' | undefined): void => {
      if (running === searchId) setState(({ search }) => ({ search: { ...search, peers } }))
    }
    setPeers('asking')
    try {
      const { peers } = await client.search({ ...toSearchQuery(query), remote: true, limit: 0, searchId })
      // If no peer could be queried, the next change of searchable peers triggers another attempt.
      setPeers(peers === undefined || peers.asked === 0 ? undefined : peers)
    } catch {
      // The list shows its own failure; remote results are optional.
      setPeers(undefined)
    }
  }

  return {
    consider() {
      if (!shouldQueryPeers(getState())) return
      timer ??= setTimeout(queryPeers, pauseMs)
    },
    setQuery(query) {
      const key = keyOf(query)
      if (key === currentKey) return
      currentKey = key
      clearTimeout(timer)
      timer = undefined
      const { peers } = getState().search
      if (peers === undefined) return
      const asking = peers === 'asking' ? running : undefined
      running = undefined
      setState(({ search }) => ({ search: { ...search, peers: undefined } }))
      // An unreachable engine has no query to cancel.
      if (asking !== undefined) client.cancel(asking).catch(() => {})
    },
  }
}

/** Identifies a search for peers, which ignores the sort order. */
const keyOf = (query: BrowseQuery): string =>
  JSON.stringify([query.text.trim(), ...filterKeys.map((key) => query[key] ?? '')])
