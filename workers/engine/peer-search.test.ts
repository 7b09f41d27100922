import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SearchQuery, SearchResult } from '../contract/views.ts'
import { queryRequestCodec } from '../protocol/query-messages.ts'
import { untraced } from '../telemetry/operation.ts'
import type { Network } from './network.ts'
import { offline } from './network-concerns.ts'
import { createPeerSearch } from './peer-search.ts'

const facets = { category: [], tag: [], license: [], publisher: [] }
type SearchPeers = Network['query']['search']

const compose = (search: SearchPeers, started: Promise<unknown> = Promise.resolve()) => {
  /** The local catalogue; peers add to it. */
  const known: string[] = ['here']
  const catalogue = {
    query: (): SearchResult => ({
      total: known.length,
      tookMs: 1,
      facets,
      hits: known.map((slug) => ({ slug }) as SearchResult['hits'][number]),
    }),
  }
  const lifetime = new AbortController()
  let time = 0
  const peerSearch = createPeerSearch({
    search: catalogue,
    network: { started, query: { search } },
    now() {
      time += 5
      return time
    },
  })
  return { known, peerSearch, lifetime }
}

/** Peers that never answer: a query ends only when it is cancelled. */
const silent =
  (onAsked: () => void): SearchPeers =>
  (_, { signal }) =>
    new Promise((resolve) => {
      onAsked()
      signal.addEventListener('abort', () => resolve({ asked: 2, answered: 0 }))
    })

describe('a remote search', () => {
  test('searches the catalogue after peers have answered', async () => {
    const { peerSearch, known } = compose(async ({ text, filters }) => {
      expect({ text, filters }).toEqual({ text: 'kit', filters: { tag: 'a b' } })
      known.push('there')
      return { asked: 3, answered: 2 }
    })
    const result = await peerSearch.search({ text: ' kit\n', tag: 'a  b', remote: true }, untraced())
    expect(result).toMatchObject({ total: 2, peers: { asked: 3, answered: 2 }, tookMs: 5 })
  })

  test('has local results when cancelled before the network has started', async () => {
    const { peerSearch } = compose(offline.query.search, new Promise(() => {}))
    const result = peerSearch.search({ text: 'a', remote: true, searchId: 'one' }, untraced())
    peerSearch.cancel('one')
    expect(await result).toMatchObject({ total: 1, peers: { asked: 0, answered: 0 } })
  })

  test('has local results without a network', async () => {
    expect(
      await compose(offline.query.search).peerSearch.search({ text: 'a', remote: true }, untraced()),
    ).toMatchObject({ total: 1, peers: { asked: 0, answered: 0 } })
  })

  test('ends its peer query when cancelled by its id, and another does not', async () => {
    const queried = Promise.withResolvers<void>()
    const { peerSearch, lifetime } = compose(silent(queried.resolve))
    const one = peerSearch.search({ text: 'a', searchId: 'one' }, untraced(lifetime.signal))
    let otherEnded = false
    const other = peerSearch.search({ text: 'b', searchId: 'other' }, untraced(lifetime.signal)).finally(() => {
      otherEnded = true
    })
    await queried.promise
    peerSearch.cancel('nobody')
    peerSearch.cancel('one')
    expect(await one).toMatchObject({ total: 1, peers: { asked: 2, answered: 0 } })
    expect(otherEnded).toBe(false)
    lifetime.abort()
    expect((await other).peers).toEqual({ asked: 2, answered: 0 })
  })

  test('sends a valid query, whatever a script passes', async () => {
    let queries = 0
    const { peerSearch } = compose(async (query) => {
      queries += 1
      // Throws for an invalid query.
      queryRequestCodec.encode({ v: 1, type: 'search', ...query, limit: 1 })
      return { asked: 0, answered: 0 }
    })
    const any = fc.oneof(fc.anything({ maxDepth: 1 }), fc.string({ unit: 'binary', maxLength: 450, size: 'max' }))
    const given = fc.record({ text: any, category: any, tag: any, license: any, publisher: any })
    for (const query of fc.sample(given, { seed: 11, numRuns: 100 }))
      await peerSearch.search(query as SearchQuery, untraced())
    expect(queries).toBe(100)
  })
})
