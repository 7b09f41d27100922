import type { Stream } from '@libp2p/interface'
import type { RelayedPaths } from '../content/fetch-options.ts'
import { Failure } from '../contract/failures.ts'
import type { PeerDetailView } from '../contract/telemetry-views.ts'
import type { PeerView, StatusView, Step } from '../contract/views.ts'
import type { FoundHead } from '../dht/dht-heads.ts'
import type { RequestOutcome } from '../net/pool/health.ts'
import { isRelayedStream } from '../net/pool/open-stream.ts'
import type { PoolCounts } from '../net/pool/pool-counts.ts'
import type { Traffic } from '../net/traffic.ts'
import type { QueryClient } from '../query/query-client.ts'
import { relayedContentBytes } from '../stack/limits.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { ExchangeState } from './connectivity.ts'
import type { DhtValueFound } from './dht.ts'
import type { PeerConnection } from './peer-connection.ts'
import type { ViolationKind } from './peer-policy.ts'

/** The network as the engine's parts use it, by concern: each part receives only the concerns that it uses. */
export interface NetworkConcerns {
  readonly peers: NetworkPeers
  readonly dht: NetworkDht
  readonly content: NetworkContent
  readonly query: NetworkQuery
  readonly sync: NetworkSync
  readonly announcements: NetworkAnnouncements
  /** Bytes on the streams of this node since it started. */
  readonly traffic: Pick<Traffic, 'total'>
}

/** Connected peers. */
export interface NetworkPeers {
  list(): PeerView[]
  /** Open connections, including those to relays. */
  connectionCount(): number
  /** Who is connected now, and the health of the connections. */
  counts(): PoolCounts
  /** @throws Failure `InvalidArgument` for a malformed multiaddr, `PeerUnreachable` when the dial fails. */
  connect(address: string, operation: Operation): Promise<void>
  /** Records a violation and disconnects the peer; violations that do not happen by accident ban it. */
  drop(peer: string, violation: ViolationKind): void
  /** Records the outcome of a request for the health of the connection. */
  report(peer: string, outcome: RequestOutcome): void
  /** True for a relay that this node uses. */
  isRelay(peer: string): boolean
  /** Addresses, protocols and streams; undefined without a connection. */
  describe(peer: string): Promise<PeerConnection | undefined>
  /** Score and round trip in the last hour. */
  history(peer: string): PeerDetailView['history']
  /** Round trip (ms); undefined without an answer. Rejects only when cancelled. */
  ping(peer: string, operation: Operation): Promise<number | undefined>
  /** Closes all connections to a peer gracefully; it may connect again. */
  disconnect(peer: string): Promise<void>
  /** Disconnects a banned peer at once, and does not dial it again. */
  expel(peer: string): void
}

export interface NetworkDht {
  /** Resolves with the number of peers that stored the provider record. */
  provide(root: Uint8Array, operation: Operation): Promise<number>
  /** Counts the distinct providers of `root` in the DHT, this node excluded. */
  countProviders(root: Uint8Array, operation: Operation): Promise<number>
  putHead(key: string, value: Uint8Array, operation: Operation, onConfirmed: (count: number) => void): Promise<number>
  findHead(key: string, operation: Operation): Promise<FoundHead<DhtValueFound> | undefined>
}

/** Fetching package content from peers. */
export interface NetworkContent {
  /** Possible providers of `root`: the connected peers, then those from the DHT. Each once, never this node. */
  findProviders(root: Uint8Array, operation: Operation): AsyncGenerator<string>
  /** Opens a stream for about `bytes`, over a relay where no direct connection can be made. */
  openStream(peer: string, operation: Operation, bytes?: number): Promise<Stream>
  readonly relayed: RelayedPaths
}

/** Queries to the best connected peers; when one resolves, the answers are in the catalogue. */
export type NetworkQuery = Pick<QueryClient, 'search' | 'describe'>

export interface NetworkSync {
  syncNow(): void
  /** As `syncNow`; resolves with the number of peers that have received everything this node has. */
  syncWithPeers(): Promise<number>
  /** True after a sync exchange has brought everything that a connected peer has. */
  isComplete(): boolean
}

export interface NetworkAnnouncements {
  /** Publishes an announcement by gossip; resolves with the number of peers that received it. */
  announce(bytes: Uint8Array, operation: Operation): Promise<number>
  /** Connected peers that subscribe to the announcements, including relays. */
  audience(): number
}

/** The parts of a status that the network knows. */
export type NetworkStatus = Pick<
  StatusView,
  'online' | 'relays' | 'connections' | 'directConnections' | 'catalogueComplete' | 'searchablePeers'
> & {
  exchange: ExchangeState
  /** Connected peers other than relays. */
  connectedPeers: number
  /** Missing while the node does not run. */
  steps?: Record<'relay' | 'reservation' | 'direct' | 'topic', Step>
}

const noCounts = (): PoolCounts => ({
  direct: new Set(),
  relayed: new Set(),
  relays: new Set(),
  health: { healthy: 0, degraded: 0, unhealthy: 0 },
})

/** The answers of a node without connections. */
export const offline: NetworkConcerns = {
  peers: {
    list: () => [],
    connectionCount: () => 0,
    counts: noCounts,
    connect: () => Promise.reject(new Failure('PeerUnreachable', { code: 'network-not-started' })),
    drop() {},
    report() {},
    isRelay: () => false,
    describe: async () => undefined,
    history: () => ({ times: new Float64Array(), scores: new Float64Array(), rttMs: new Float64Array() }),
    ping: async () => undefined,
    disconnect: async () => {},
    expel() {},
  },
  dht: {
    provide: async () => 0,
    countProviders: async () => 0,
    putHead: async () => 0,
    findHead: async () => undefined,
  },
  content: {
    async *findProviders() {},
    openStream: () => Promise.reject(new Failure('PeerUnreachable', { code: 'network-not-started' })),
    relayed: { maxBytes: relayedContentBytes, isRelayed: isRelayedStream, directPath: () => 'failed' },
  },
  query: { search: async () => ({ asked: 0, answered: 0 }), describe: async () => ({ asked: 0, answered: 0 }) },
  sync: { syncNow() {}, syncWithPeers: async () => 0, isComplete: () => false },
  announcements: { announce: async () => 0, audience: () => 0 },
  traffic: { total: () => 0 },
}

export const offlineStatus: NetworkStatus = {
  online: false,
  relays: [],
  connections: 0,
  directConnections: 0,
  catalogueComplete: false,
  searchablePeers: 0,
  exchange: { kind: 'none' },
  connectedPeers: 0,
}

/** Forwards each call to the concerns that are current at that time. */
export const forwardTo = (current: () => NetworkConcerns): NetworkConcerns => ({
  peers: {
    list: () => current().peers.list(),
    connectionCount: () => current().peers.connectionCount(),
    counts: () => current().peers.counts(),
    connect: (...given) => current().peers.connect(...given),
    drop: (...given) => current().peers.drop(...given),
    report: (...given) => current().peers.report(...given),
    isRelay: (peer) => current().peers.isRelay(peer),
    describe: (peer) => current().peers.describe(peer),
    history: (peer) => current().peers.history(peer),
    ping: (...given) => current().peers.ping(...given),
    disconnect: (peer) => current().peers.disconnect(peer),
    expel: (peer) => current().peers.expel(peer),
  },
  dht: {
    provide: (...given) => current().dht.provide(...given),
    countProviders: (...given) => current().dht.countProviders(...given),
    putHead: (...given) => current().dht.putHead(...given),
    findHead: (...given) => current().dht.findHead(...given),
  },
  content: {
    findProviders: (...given) => current().content.findProviders(...given),
    openStream: (...given) => current().content.openStream(...given),
    get relayed() {
      return current().content.relayed
    },
  },
  query: {
    search: (...given) => current().query.search(...given),
    describe: (...given) => current().query.describe(...given),
  },
  sync: {
    syncNow: () => current().sync.syncNow(),
    syncWithPeers: () => current().sync.syncWithPeers(),
    isComplete: () => current().sync.isComplete(),
  },
  announcements: {
    announce: (...given) => current().announcements.announce(...given),
    audience: () => current().announcements.audience(),
  },
  traffic: { total: (...given) => current().traffic.total(...given) },
})
