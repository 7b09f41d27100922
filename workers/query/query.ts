import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { QUERY_PROTOCOL } from '../protocol/protocols.ts'
import type { Operation } from '../telemetry/operation.ts'
import { createBudget } from './budget.ts'
import { createQueryClient, type QueryClient, type QueryClientDependencies } from './query-client.ts'
import { createQueryServer, type QuerySource } from './query-server.ts'

/** Queries between peers: answers those of others and queries the best connected ones. */
export interface RemoteQuery extends QueryClient {
  /** Connected peers that answer queries. */
  peers(): readonly string[]
  stop(): Promise<void>
}

export interface RemoteQueryDependencies
  extends Pick<QueryClientDependencies, 'rank' | 'ingest' | 'observe' | 'openStream' | 'timing' | 'telemetry'> {
  node: Pick<Libp2p, 'handle' | 'unhandle' | 'register' | 'unregister' | 'getConnections'>
  source: QuerySource
  drop(peer: string, fault: 'signature' | 'malformed' | 'flood'): void
  /** The set of peers to query changed. */
  onPeers(): void
}

/** Open queries per peer: an honest one has three. */
const maxStreams = 4

export const startRemoteQuery = async (deps: RemoteQueryDependencies): Promise<RemoteQuery> => {
  const { node, drop, onPeers } = deps
  const stopping = new AbortController()
  const connected = new Set<string>()
  const now = (): number => performance.now()
  const server = createQueryServer({
    telemetry: deps.telemetry,
    source: deps.source,
    budget: createBudget(now),
    report: drop,
    now,
  })

  const isDirect = (peer: string): boolean =>
    node.getConnections().some(({ remotePeer, limits }) => limits === undefined && remotePeer.toString() === peer)

  const client = createQueryClient({
    ...deps,
    now,
    peers() {
      const direct = [...connected].filter(isDirect)
      // A relayed connection is slow and limited, so only nodes without a direct one use it.
      return direct.length > 0 ? direct : [...connected]
    },
  })
  const within = (operation: Operation): Operation => operation.withSignal(stopping.signal)

  await node.handle(
    QUERY_PROTOCOL,
    (stream: Stream, connection: Connection) => server.handle(stream, connection.remotePeer.toString()),
    { runOnLimitedConnection: true, maxInboundStreams: maxStreams, maxOutboundStreams: maxStreams },
  )
  const topology = await node.register(QUERY_PROTOCOL, {
    notifyOnLimitedConnection: true,
    onConnect(peer) {
      connected.add(peer.toString())
      onPeers()
    },
    onDisconnect(peer) {
      connected.delete(peer.toString())
      onPeers()
    },
  })

  return {
    search: (query, operation) => client.search(query, within(operation)),
    describe: (query, operation) => client.describe(query, within(operation)),
    peers: () => [...connected],
    async stop() {
      stopping.abort()
      server.stop()
      node.unregister(topology)
      await node.unhandle(QUERY_PROTOCOL)
    },
  }
}
