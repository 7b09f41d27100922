import type { Stream } from '@libp2p/interface'
import type { RelayedPaths } from '../content/fetch-options.ts'
import { Failure } from '../contract/failures.ts'
import type { PeerView, StatusView, Step } from '../contract/views.ts'
import type { FoundHead } from '../dht/dht-heads.ts'
import type { RequestOutcome } from '../net/pool/health.ts'
import { isRelayedStream } from '../net/pool/open-stream.ts'
import type { QueryClient } from '../query/query-client.ts'
import { relayedContentBytes } from '../stack/limits.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { ExchangeState } from './connectivity.ts'
import type { DhtValueFound } from './dht.ts'
import type { ViolationKind } from './peer-policy.ts'

/** What the parts of an engine do over the network, by concern: each part receives only the concerns that it uses. */
export interface NetworkConcerns {
  readonly peers: NetworkPeers
  readonly dht: NetworkDht
  readonly content: NetworkContent
  readonly query: NetworkQuery
  readonly sync: NetworkSync
  readonly announcements: NetworkAnnouncements
}

/** Connected peers. */
export interface NetworkPeers {
  list(): PeerView[]
  /** Open connections, those to relays included. */
  connectionCount(): number
  /** @throws Failure `InvalidArgument` for what is no multiaddr, `PeerUnreachable` when nothing answers there. */
  connect(address: string, operation: Operation): Promise<void>
  /** A peer broke the rules: its connections are closed, and it is remembered; what nobody does by accident bans it. */
  drop(peer: string, fault: ViolationKind): void
  /** How a request to a connected peer ended, for the health of its connection. */
  report(peer: string, outcome: RequestOutcome): void
}

export interface NetworkDht {
  /** Resolves with how many peers took the provider record. */
  provide(root: Uint8Array, operation: Operation): Promise<number>
  /** How many distinct other peers the DHT knows to hold `root`. */
  countProviders(root: Uint8Array, operation: Operation): Promise<number>
  putHead(key: string, value: Uint8Array, operation: Operation, onConfirmed: (count: number) => void): Promise<number>
  findHead(key: string, operation: Operation): Promise<FoundHead<DhtValueFound> | undefined>
}

/** Fetching package content from peers. */
export interface NetworkContent {
  /** Who may hold `root`: the connected peers, then those that the DHT knows. Each once, never this one. */
  findProviders(root: Uint8Array, operation: Operation): AsyncGenerator<string>
  /** A stream that will carry about `bytes`, over a relay where no direct connection can be made. */
  openStream(peer: string, operation: Operation, bytes?: number): Promise<Stream>
  readonly relayed: RelayedPaths
}

/** Questions to the best connected peers; what they know is in the catalogue when a question resolves. */
export type NetworkQuery = Pick<QueryClient, 'search' | 'describe'>

export interface NetworkSync {
  syncNow(): void
  /** The same, resolving with how many peers were then given everything that this one has. */
  syncWithPeers(): Promise<number>
  /** An exchange has brought everything that a connected peer has. */
  isComplete(): boolean
}

export interface NetworkAnnouncements {
  /** Hands an announcement to the mesh; resolves with how many peers took it. */
  announce(bytes: Uint8Array, operation: Operation): Promise<number>
  /** How many connected peers, relays included, follow the announcements. */
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

/** What a peer without any connection answers. */
export const offline: NetworkConcerns = {
  peers: {
    list: () => [],
    connectionCount: () => 0,
    connect: () => Promise.reject(new Failure('PeerUnreachable', { code: 'network-not-started' })),
    drop() {},
    report() {},
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

/** Concerns that answer as `current` does at the time of each call. */
export const forwardTo = (current: () => NetworkConcerns): NetworkConcerns => ({
  peers: {
    list: () => current().peers.list(),
    connectionCount: () => current().peers.connectionCount(),
    connect: (...given) => current().peers.connect(...given),
    drop: (...given) => current().peers.drop(...given),
    report: (...given) => current().peers.report(...given),
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
})
