import type { SearchQuery } from '../../workers/contract/views.ts'
import type { EngineClient } from '../engine/client.ts'
import { type BrowseQuery, filterKeys } from '../routes.ts'
import { isWorthAsking } from './selectors.ts'
import type { AppStore } from './store.ts'

/**
 * Asks other peers for what the person looks for, where the catalogue here may lack it. What is here never waits for
 * that: it is shown already, and what peers send comes into the catalogue and thereby into the list, as all news do.
 * Here is kept only who was asked, and asking ends when the person looks for something else.
 */
export interface PeerSearchCommands {
  /** Asks once for what is shown, a moment from now, if that is worth while; again only if there was nobody to ask. */
  consider(): void
  /** The person looks for this now: what was asked for something else ends. */
  wants(query: BrowseQuery): void
}

/** Nobody is asked while somebody types; at 40 words a minute there are 300 ms between two keys, ms. */
const pauseMs = 350

export const createPeerSearchCommands = (
  client: Pick<EngineClient, 'search' | 'cancel'>,
  { getState, setState }: AppStore,
  toSearchQuery: (query: BrowseQuery) => SearchQuery,
): PeerSearchCommands => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: string | undefined
  /** What it is asked for, or was. */
  let about: string | undefined

  const ask = async (): Promise<void> => {
    timer = undefined
    const query = getState().search.wanted
    if (query === undefined || !isWorthAsking(getState())) return
    const searchId = `page-${crypto.randomUUID()}`
    running = searchId
    const tell = (peers: { asked: number; answered: number } | 'asking' | undefined): void => {
      if (running === searchId) setState(({ search }) => ({ search: { ...search, peers } }))
    }
    tell('asking')
    try {
      const { peers } = await client.search({ ...toSearchQuery(query), remote: true, limit: 0, searchId })
      // Where nobody could be asked, the next change of who is there is another occasion.
      tell(peers === undefined || peers.asked === 0 ? undefined : peers)
    } catch {
      // The list says what is wrong; this was only more of it.
      tell(undefined)
    }
  }

  return {
    consider() {
      if (!isWorthAsking(getState())) return
      timer ??= setTimeout(ask, pauseMs)
    },
    wants(query) {
      const question = questionOf(query)
      if (question === about) return
      about = question
      clearTimeout(timer)
      timer = undefined
      const { peers } = getState().search
      if (peers === undefined) return
      const asking = peers === 'asking' ? running : undefined
      running = undefined
      setState(({ search }) => ({ search: { ...search, peers: undefined } }))
      // An engine that cannot be reached asks nobody either.
      if (asking !== undefined) client.cancel(asking).catch(() => {})
    },
  }
}

/** What peers are asked by: not in which order it is shown. */
const questionOf = (query: BrowseQuery): string =>
  JSON.stringify([query.text.trim(), ...filterKeys.map((key) => query[key] ?? '')])
