import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { ContentStore } from '../content/content-store.ts'
import type { RelayedPaths } from '../content/fetch.ts'
import { createPieceServer, pieceHandlerOptions } from '../content/piece-server.ts'
import type { StartOptions } from '../contract/commands.ts'
import { Failure } from '../contract/failures.ts'
import type { ConnectionCounts } from '../contract/rtc.ts'
import type { PeerView, StatusView, Step } from '../contract/views.ts'
import { askClosest } from '../dht/closest.ts'
import type { FoundHead, LookupReport } from '../dht/heads.ts'
import { createAnnouncements } from '../gossip/announcements.ts'
import { isDirect } from '../net/addresses.ts'
import { type CreateNodeOptions, createNode } from '../net/create-node.ts'
import type { KnownPeers } from '../net/known-peers.ts'
import { recordKnownPeers } from '../net/known-peers-recorder.ts'
import { createPeerFinder } from '../net/peer-finder.ts'
import type { RequestOutcome } from '../net/pool/health.ts'
import { isRelayedStream } from '../net/pool/open-stream.ts'
import { createPool } from '../net/pool/pool.ts'
import { createRelaySet } from '../net/relay-set.ts'
import type { Reputation } from '../peers/reputation.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { rootToText } from '../protocol/ids.ts'
import { PACKAGES_TOPIC, PIECE_PROTOCOL, QUERY_PROTOCOL } from '../protocol/protocols.ts'
import { startRemoteQuery } from '../query/query.ts'
import type { QueryClient, QueryClientDependencies } from '../query/query-client.ts'
import type { QuerySource } from '../query/query-server.ts'
import type { Judgement } from '../stack/announcement-gate.ts'
import { createGossipLimits } from '../stack/gossip-limits.ts'
import { relayedContentBytes } from '../stack/limits.ts'
import { meshPeers } from '../stack/mesh.ts'
import type { SyncCatalogue } from '../sync/replica.ts'
import { startSync } from '../sync/sync.ts'
import { type ExchangeState, topicStep } from './connectivity.ts'
import { createDht, type DhtValueFound } from './dht.ts'
import type { ProfileKeys } from './keys.ts'
import { createPeerPolicy, faultOf, isSilence, isViolation, type ViolationKind } from './peer-policy.ts'
import { toPeerViews } from './peer-views.ts'
import { isRelayAddress, type RelayDirectory } from './relay-directory.ts'

/** A question that can go over a relayed connection waits no longer for a direct one (ms). */
const queryPatienceMs = 500

/** A dial that a person asked for is given up after this long, ms: a relayed WebRTC dial takes under 1 s where it works. */
const connectTimeoutMs = 20_000

export interface NetworkDependencies extends Pick<CreateNodeOptions, 'transports' | 'listen'> {
  keys: ProfileKeys
  crypto: CryptoProvider
  relays: RelayDirectory
  /** Of earlier times. */
  remembered?: KnownPeers | undefined
  rtcCounts?: (() => ConnectionCounts) | undefined
  iceServers: StartOptions['iceServers']
  webRtc: boolean
  content: ContentStore
  reputation: Reputation
  catalogue: SyncCatalogue
  /** What questions of other peers are answered from, and where their answers to ours go. */
  queries: { source: QuerySource; ingest: QueryClientDependencies['ingest'] }
  /** Takes in a gossiped announcement; says why where it is invalid. */
  receive(bytes: Uint8Array, from: string): Promise<Judgement & { failure?: Failure }>
  /** Something that the status shows has changed. */
  onChange(): void
  /** Somebody is there to publish to who was not there before. */
  onAudience(): void
  /** An announcement was handed to at least one peer. */
  onAnnounced(): void
  /** A lookup of a head in the DHT has ended. */
  onLookup(report: LookupReport): void
  /** Bytes of package content went out. */
  onSent(bytes: number): void
}

/** The parts of a status that the network knows. */
export type NetworkStatus = Pick<
  StatusView,
  'online' | 'relays' | 'connections' | 'directConnections' | 'catalogueComplete' | 'searchablePeers'
> & {
  exchange: ExchangeState
  /** Connected peers other than relays. */
  connectedPeers: number
  steps: Record<'relay' | 'reservation' | 'direct' | 'topic', Step>
}

export interface Network {
  status(): NetworkStatus
  peers(): PeerView[]
  /** @throws Failure `InvalidArgument` for what is no multiaddr, `PeerUnreachable` when nothing answers there. */
  connect(address: string): Promise<void>
  /** Who may hold `root`: the connected peers, then those that the DHT knows. Each once, never this one. */
  findProviders(root: Uint8Array, signal: AbortSignal): AsyncGenerator<string>
  /** How many distinct other peers the DHT knows to hold `root`. */
  countProviders(root: Uint8Array, signal: AbortSignal): Promise<number>
  /** A stream that will carry about `bytes`, over a relay where no direct connection can be made. */
  openPieceStream(peer: string, signal: AbortSignal, bytes?: number): Promise<Stream>
  /** What is to be known of relayed connections by those who fetch content. */
  readonly relayed: RelayedPaths
  /** A peer broke the rules: its connections are closed, and it is remembered; what nobody does by accident bans it. */
  drop(peer: string, fault: ViolationKind): void
  /** How a request to a connected peer ended, for the health of its connection. */
  report(peer: string, outcome: RequestOutcome): void
  provide(root: Uint8Array, signal: AbortSignal): Promise<number>
  putHead(key: string, value: Uint8Array, signal: AbortSignal, onConfirmed: (count: number) => void): Promise<number>
  findHead(key: string, signal: AbortSignal): Promise<FoundHead<DhtValueFound> | undefined>
  /** Asks the best connected peers; what they know is in the catalogue when it resolves. */
  searchPeers: QueryClient['search']
  describeAtPeers: QueryClient['describe']
  /** Hands an announcement to the mesh; resolves with how many peers took it. */
  announce(bytes: Uint8Array): Promise<number>
  /** How many connected peers, relays included, follow the announcements. */
  audience(): number
  syncNow(): void
  /** The machine woke up or went online: try everything at once. */
  wake(): void
  stop(): Promise<void>
}

/** Starts the node and everything that speaks over it. */
export const startNetwork = async (deps: NetworkDependencies): Promise<Network> => {
  const { keys, crypto, content, catalogue, reputation, onChange, onAudience } = deps
  const [relays, remembered] = await Promise.all([deps.relays.first(), deps.remembered?.load() ?? []])
  const gossipLimits = createGossipLimits(() => performance.now())
  const node = await createNode({
    privateKey: keys.node,
    relays: relays.filter(isRelayAddress),
    crypto,
    iceServers: deps.iceServers,
    webRtc: deps.webRtc,
    appSpecificScore: reputation.appScore,
    isBanned: reputation.isBanned,
    gossipLimits,
    onFlood: (peer) => drop(peer, 'flood'),
    onRefusedPut: (peer, refusal) => conduct.refusedPut(peer, refusal),
    ...(deps.transports === undefined ? {} : { transports: deps.transports }),
    ...(deps.listen === undefined ? {} : { listen: deps.listen }),
  })
  const { libp2p } = node
  const self = libp2p.peerId.toString()
  const { pubsub } = libp2p.services
  const pool = createPool(node, {
    onChange,
    scoreOf: reputation.scoreOf,
    inMesh: (peer) => meshPeers(pubsub, PACKAGES_TOPIC).includes(peer),
  })

  const conduct = createPeerPolicy({ reputation, pool, forget: (peer) => deps.remembered?.forget(peer) })
  const { blame, drop, experience } = conduct

  const pieceServer = createPieceServer({
    content,
    report(peer, event) {
      if (event.kind === 'violation') drop(peer, 'malformed')
      else {
        pool.report(peer, 'answered')
        deps.onSent(event.bytes)
      }
    },
  })
  await libp2p.handle(
    PIECE_PROTOCOL,
    (stream, connection) =>
      pieceServer.handle(stream, connection.remotePeer.toString(), { relayed: !isDirect(connection) }),
    pieceHandlerOptions,
  )

  const { wire, heads, providers } = createDht(node, { crypto, reputation, conduct, onLookup: deps.onLookup })
  const announcements = createAnnouncements({
    pubsub,
    limits: gossipLimits,
    onSubscriber: onAudience,
    async receive(bytes, from) {
      const judgement = await deps.receive(bytes, from)
      // A forger's handiwork, and nobody passes on what is not valid. Not a ban at once: who follows another history of
      // an identity that its publisher forked believes in what is refused here.
      if (judgement.verdict === 'invalid' && isViolation(judgement.failure)) blame(from, 'malformed')
      return judgement
    },
  })
  let exchange: ExchangeState = { kind: 'none' }
  /** Since there was last nobody connected. */
  let complete = false
  const sync = await startSync({
    node: libp2p,
    catalogue,
    sha256: crypto.sha256,
    directComes: node.webRtc,
    openStream: (peer, protocol, signal) => pool.openStream(peer, protocol, { signal, direct: false }),
    onExchange(peer, outcome) {
      if (!('failure' in outcome)) {
        exchange = { kind: 'ok' }
        if (outcome.complete) complete = true
        pool.report(peer, 'answered')
        // Not forged, so no reason for a ban; repeat offenders lose reputation with each exchange.
        if (outcome.rejected > 0) reputation.observe(peer, { kind: 'failed' })
      } else {
        exchange = afterFailure(exchange, outcome.failure)
        if (isViolation(outcome.failure)) drop(peer, faultOf(outcome.failure))
        else if (isSilence(outcome.failure)) pool.report(peer, 'failed')
      }
      onChange()
    },
    random: Math.random,
  })
  const query = await startRemoteQuery({
    node: libp2p,
    source: deps.queries.source,
    ingest: deps.queries.ingest,
    drop,
    onPeers: onChange,
    rank: reputation.rank,
    observe: experience,
    // A question takes two seconds at most, and the peers asked are connected already.
    openStream: (peer, signal) =>
      pool.openStream(peer, QUERY_PROTOCOL, { signal, direct: false, relayedAfterMs: queryPatienceMs }),
  })
  const keeper = createRelaySet(node, { relays, onChange })
  const finder = createPeerFinder(node, pool, {
    avoid: reputation.isBanned,
    onChange,
    askClosest: (peer, key, signal) => askClosest(wire, peer, key, signal),
    remembered: remembered.filter(({ id }) => !reputation.isBanned(id.toString())),
    ...(deps.rtcCounts === undefined ? {} : { rtcCounts: deps.rtcCounts }),
  })
  const relayWatch = deps.relays.watch({
    isConnected: () => keeper.relays().some(({ connected }) => connected),
    onRelays: keeper.setRelays,
  })
  const stopRemembering = deps.remembered === undefined ? () => {} : recordKnownPeers(node, pool, deps.remembered)

  libp2p.addEventListener('connection:open', onChange)
  libp2p.addEventListener('connection:close', () => {
    if (libp2p.getConnections().length === 0) complete = false
    onChange()
  })

  return {
    status() {
      const connections = libp2p.getConnections()
      const peers = libp2p.getPeers()
      const connectedPeers = peers.filter((peer) => !keeper.isRelay(peer.toString())).length
      const followers = announcements.subscriberCount()
      const mesh = meshPeers(pubsub, PACKAGES_TOPIC).length
      return {
        online: connections.length > 0,
        exchange,
        connectedPeers,
        catalogueComplete: complete,
        searchablePeers: query.peers().length,
        relays: keeper.relays().map(({ address, connected, reserved, dial, reservation }) => {
          const { reason } = dial.state === 'ok' ? reservation : dial
          return { address, connected, reserved, reason }
        }),
        connections: connections.length,
        directConnections: pool.directPeers().length,
        steps: { ...keeper.steps(), direct: finder.step(), topic: topicStep({ followers, mesh, peers: peers.length }) },
      }
    },
    peers: () => toPeerViews(pool, keeper.isRelay),
    async connect(address) {
      const target = parseAddress(address)
      const peer = target.getComponents().findLast(({ name }) => name === 'p2p')?.value
      if (peer === self) throw new Failure('PeerUnreachable', { code: 'own-address' })
      const undo = peer === undefined ? () => {} : node.gater.permit(peer)
      try {
        await libp2p.dial(target, { signal: AbortSignal.timeout(connectTimeoutMs) })
      } catch (error) {
        throw new Failure('PeerUnreachable', {
          code: 'address-unreachable',
          address,
          detail: error instanceof Error ? error.message : String(error),
        })
      } finally {
        undo()
      }
    },
    async *findProviders(root, signal) {
      const seen = new Set([self])
      // Those that are reached through a relay only come after those with a direct connection.
      const here = pool.peers().filter(({ id }) => !keeper.isRelay(id.toString()))
      for (const { id } of here.sort((a, b) => Number(b.direct) - Number(a.direct))) {
        const peer = id.toString()
        seen.add(peer)
        yield peer
      }
      for await (const peer of providers.find(rootToText(root), signal)) {
        if (seen.has(peer)) continue
        seen.add(peer)
        yield peer
      }
    },
    async countProviders(root, signal) {
      const peers = new Set<string>()
      for await (const peer of providers.find(rootToText(root), signal)) if (peer !== self) peers.add(peer)
      return peers.size
    },
    openPieceStream: (peer, signal, bytes = 0) =>
      pool.openStream(peer, PIECE_PROTOCOL, { signal, direct: false, bytes }),
    relayed: { maxBytes: relayedContentBytes, isRelayed: isRelayedStream, directPath: pool.directPath },
    drop,
    report: pool.report,
    provide: (root, signal) => providers.provide(rootToText(root), signal),
    putHead: (key, value, signal, onConfirmed) => heads.put(key, value, { signal, onConfirmed }),
    findHead: (key, signal) => heads.get(key, { signal }),
    searchPeers: query.search,
    describeAtPeers: query.describe,
    async announce(bytes) {
      const peers = await announcements.publish(bytes)
      if (peers > 0) deps.onAnnounced()
      return peers
    },
    audience: () => announcements.subscriberCount(),
    syncNow: () => sync.syncNow(),
    wake() {
      // Who slept has missed something, until an exchange says otherwise.
      complete = false
      pool.wake()
      relayWatch.look()
      keeper.wake()
      finder.wake()
      sync.syncNow()
    },
    async stop() {
      stopRemembering()
      relayWatch.stop()
      keeper.stop()
      finder.stop()
      pool.stop()
      announcements.stop()
      pieceServer.stop()
      await query.stop()
      await sync.stop()
      await node.stop()
    },
  }
}

const parseAddress = (address: string): ReturnType<typeof multiaddr> => {
  try {
    return multiaddr(address)
  } catch {
    throw new Failure('InvalidArgument', { code: 'malformed-address', address: String(address) })
  }
}

/** A peer that left in the middle says nothing about the others, but so many in a row do. */
const afterFailure = (before: ExchangeState, failure: unknown): ExchangeState => ({
  kind: 'failed',
  times: before.kind === 'failed' ? before.times + 1 : 1,
  failure: failure instanceof Failure ? failure : new Failure('PeerUnreachable', { code: 'exchange-broke-off' }),
})
