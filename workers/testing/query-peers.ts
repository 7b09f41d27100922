import type { Libp2p } from '@libp2p/interface'
import type { SearchQuery, SearchResult } from '../contract/views.ts'
import { createQuerySource } from '../engine/query-source.ts'
import { createReputation, type Reputation } from '../peers/reputation.ts'
import type { Entry } from '../protocol/entry.ts'
import { QUERY_PROTOCOL } from '../protocol/protocols.ts'
import { type RemoteQuery, startRemoteQuery } from '../query/query.ts'
import type { QueryTiming } from '../query/query-client.ts'
import { packageToDocument } from '../registry/package-views.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import { createSearch } from '../search/index.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createSeededRandom } from './seeded-random.ts'

/** A catalogue with its search index that answers and sends queries over a node. */
export interface QueryPeer {
  readonly id: string
  readonly libp2p: Libp2p
  readonly registry: Registry
  readonly reputation: Reputation
  readonly query: RemoteQuery
  /** Dropped peers, with the reasons. */
  readonly dropped: { peer: string; fault: string }[]
  search(query: SearchQuery): SearchResult
  /** Number of remote search and describe requests that it answered. */
  readonly questions: string[]
  stop(): Promise<void>
}

export interface QueryPeerOptions {
  entries?: readonly Entry[]
  timing?: Partial<QueryTiming>
}

export const startQueryPeer = async (libp2p: Libp2p, options: QueryPeerOptions = {}): Promise<QueryPeer> => {
  const { registry, search } = createIndexedRegistry()
  if (options.entries !== undefined) await registry.ingest(options.entries, { from: 'test' })
  const reputation = createReputation({ store: createMemoryStore(), now: Date.now, random: createSeededRandom(1) })
  const dropped: QueryPeer['dropped'] = []
  const questions: string[] = []
  const source = createQuerySource({ registry, search })
  const query = await startRemoteQuery({
    telemetry: noTelemetry,
    node: libp2p,
    source: {
      search(request) {
        questions.push(request.text)
        return source.search(request)
      },
      describe(request) {
        questions.push(request.slug)
        return source.describe(request)
      },
    },
    rank: reputation.rank,
    observe: reputation.observe,
    ingest: (entries, from) => registry.ingest(entries, { from }),
    drop(peer, fault) {
      dropped.push({ peer, fault })
      reputation.observe(peer, { kind: 'violation', fault })
      for (const connection of libp2p.getConnections())
        if (connection.remotePeer.toString() === peer) connection.abort(new Error('The peer broke the rules.'))
    },
    async openStream(peer, { signal }) {
      const connection = libp2p.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
      if (connection === undefined) throw new Error('not connected')
      return connection.newStream(QUERY_PROTOCOL, { signal, runOnLimitedConnection: true })
    },
    onPeers() {},
    ...(options.timing === undefined ? {} : { timing: options.timing }),
  })
  return {
    id: libp2p.peerId.toString(),
    libp2p,
    registry,
    reputation,
    query,
    dropped,
    questions,
    search: search.query,
    async stop() {
      await query.stop()
      await reputation.stop()
    },
  }
}

/** A catalogue in memory with its search index. */
const createIndexedRegistry = () => {
  const search = createSearch({ now: () => performance.now() })
  const registry = createRegistry({
    store: createMemoryStore(),
    crypto: webCrypto,
    onChange({ packages }) {
      for (const id of packages) {
        const found = registry.get(id)
        const document = found === undefined ? undefined : packageToDocument(found)
        if (document === undefined) search.remove(id)
        else search.put(document)
      }
    },
  })
  return { registry, search }
}
