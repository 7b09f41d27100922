import { createPieceServer, pieceHandlerOptions } from '../content/piece-server.ts'
import type { StartOptions } from '../contract/commands.ts'
import { Failure } from '../contract/failures.ts'
import { requestClosestPeers } from '../dht/closest-peers.ts'
import { createAnnouncements } from '../gossip/announcements.ts'
import { meshPeers } from '../libp2p-internals/gossipsub.ts'
import { isDirect } from '../net/addresses.ts'
import { startBootstrap } from '../net/bootstrap.ts'
import { createNode } from '../net/create-node.ts'
import { recordKnownPeers } from '../net/known-peers-recorder.ts'
import { createPeerFinder } from '../net/peer-finder.ts'
import { isRelayedStream } from '../net/pool/open-stream.ts'
import { createPool } from '../net/pool/pool.ts'
import { createRelaySet } from '../net/relay-set.ts'
import type { Entry } from '../protocol/entry.ts'
import { rootToText } from '../protocol/ids.ts'
import { PACKAGES_TOPIC, PIECE_PROTOCOL, QUERY_PROTOCOL } from '../protocol/protocols.ts'
import { startRemoteQuery } from '../query/query.ts'
import type { IngestResult } from '../registry/registry.ts'
import { createGossipRateLimits } from '../stack/gossip-rate-limits.ts'
import type { Refusal } from '../stack/head-validator.ts'
import { relayedContentBytes } from '../stack/limits.ts'
import { startSync } from '../sync/sync.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { type ExchangeState, topicStep } from './connectivity.ts'
import { createContentProviders } from './content-providers.ts'
import { createDht } from './dht.ts'
import { createDialAddress } from './dial-address.ts'
import { createEmitter } from './emitter.ts'
import type { NetworkEvents, RunningNetwork } from './network.ts'
import { createDescribePeer } from './peer-connection.ts'
import { createPeerHistory, historyStepMs } from './peer-history.ts'
import { createPeerPolicy, faultOf, isSilence, isViolation } from './peer-policy.ts'
import { toPeerViews } from './peer-views.ts'
import type { Platform } from './platform.ts'
import { createQuerySource } from './query-source.ts'
import { isRelayAddress } from './relay-directory.ts'
import type { Storage } from './storage.ts'
import { createUndoStack, type UndoStack } from './undo-stack.ts'

/** Wait for a direct connection before a query goes over a relayed one (ms). */
const queryPatienceMs = 500

export interface StartNetworkDependencies {
  storage: Pick<Storage, 'nodeKey' | 'content' | 'registry' | 'search' | 'reputation' | 'knownPeers' | 'relayDirectory'>
  platform: Pick<Platform, 'clocks' | 'crypto' | 'random' | 'node' | 'webRtc'>
  iceServers: StartOptions['iceServers']
  telemetry: Telemetry
}

/** Starts the node and its protocols. A failed start releases everything. */
export const startNetwork = async (deps: StartNetworkDependencies, events: NetworkEvents): Promise<RunningNetwork> => {
  const undos = createUndoStack()
  try {
    return await assemble(deps, events, undos)
  } catch (error) {
    await undos.run()
    throw error
  }
}

const assemble = async (
  { storage, platform, telemetry, iceServers }: StartNetworkDependencies,
  { onChange, onAudience }: NetworkEvents,
  undos: UndoStack,
): Promise<RunningNetwork> => {
  const { nodeKey, content, registry, search, reputation, knownPeers, relayDirectory } = storage
  const { clocks, crypto, webRtc } = platform
  const [relays, peersOfEarlierSessions] = await Promise.all([relayDirectory.first(), knownPeers.load()])

  const bootstrap = startBootstrap(telemetry.tracer, {
    relays: relays.length,
    known_peers: peersOfEarlierSessions.length,
  })
  undos.add(bootstrap.stop)
  const gossipLimits = createGossipRateLimits(clocks.monotonic)
  const floods = createEmitter<string>()
  const refusedPuts = createEmitter<{ peer: string; refusal: Refusal }>()
  const start = (): ReturnType<typeof createNode> =>
    createNode({
      privateKey: nodeKey.privateKey,
      relays: relays.filter(isRelayAddress),
      crypto,
      telemetry,
      iceServers,
      webRtc: webRtc !== undefined,
      appSpecificScore: reputation.appScore,
      isBanned: reputation.isBanned,
      gossipLimits,
      onFlood: floods.emit,
      onRefusedPut: (peer, refusal) => refusedPuts.emit({ peer, refusal }),
      ...platform.node,
    })
  const node = await bootstrap.run('node_start', new AbortController().signal, start)
  undos.add(node.stop)
  const { libp2p } = node
  const { pubsub } = libp2p.services
  const changed = (): void => {
    bootstrap.changed()
    onChange()
  }
  const pool = createPool(node, {
    onChange: changed,
    scoreOf: reputation.scoreOf,
    inMesh: (peer) => meshPeers(pubsub, PACKAGES_TOPIC).includes(peer),
  })
  undos.add(pool.stop)
  bootstrap.waitFor(() => pool.directPeers()[0]?.toString())

  const peerPolicy = createPeerPolicy({ telemetry, reputation, pool, forget: (peer) => knownPeers.forget(peer) })
  const { reportViolation, drop, experience } = peerPolicy
  const invalidRecords = telemetry.meter.createCounter('verification_failures_total').with({ kind: 'record' })
  floods.subscribe((peer) => drop(peer, 'flood'))
  refusedPuts.subscribe(({ peer, refusal }) => peerPolicy.refusedPut(peer, refusal))

  const pieceServer = createPieceServer({
    telemetry,
    content,
    report(peer, event) {
      if (event.kind === 'violation') drop(peer, 'malformed')
      else pool.report(peer, 'answered')
    },
  })
  undos.add(pieceServer.stop)
  await libp2p.handle(
    PIECE_PROTOCOL,
    (stream, connection) =>
      pieceServer.handle(stream, connection.remotePeer.toString(), { relayed: !isDirect(connection) }),
    pieceHandlerOptions,
  )

  const { rpc, heads, providers } = createDht(node, {
    crypto,
    reputation,
    peerPolicy,
    now: clocks.monotonic,
    telemetry,
  })
  const announcements = createAnnouncements({
    pubsub,
    limits: gossipLimits,
    onSubscriber: onAudience,
    telemetry,
    now: clocks.wall,
    async receive(announcement, from, operation) {
      const judgement = await registry.receiveAnnouncement(announcement, { from, operation })
      // Honest peers do not forward invalid announcements. No immediate ban: a peer that follows the other branch of a
      // forked identity accepts records that are rejected here.
      if (judgement.verdict === 'invalid' && isViolation(judgement.failure)) reportViolation(from, 'malformed')
      return judgement
    },
  })
  undos.add(announcements.stop)

  const ingest = async (entries: readonly Entry[], from: string, operation: Operation): Promise<IngestResult> => {
    const result = await registry.ingest(entries, { from, operation })
    // Forged ones are counted as the violation that they are.
    invalidRecords.add(result.rejected - result.forged)
    return result
  }

  let exchange: ExchangeState = { kind: 'none' }
  /** Since the last time without connected peers. */
  let complete = false
  const sync = await startSync({
    telemetry,
    node: libp2p,
    catalogue: { watchIds: registry.watchEntryIds, entries: registry.entriesById, ingest },
    sha256: crypto.sha256,
    directComes: node.webRtc,
    openStream: (peer, protocol, operation) => pool.openStream(peer, protocol, { operation, direct: false }),
    onExchange(peer, outcome) {
      if (!('failure' in outcome)) {
        exchange = { kind: 'ok' }
        if (outcome.complete) complete = true
        pool.report(peer, 'answered')
        // Not forged, so no reason for a ban; the peer loses reputation with each such exchange.
        if (outcome.rejected > 0) reputation.observe(peer, { kind: 'failed' })
      } else {
        exchange = afterFailure(exchange, outcome.failure)
        if (isViolation(outcome.failure)) drop(peer, faultOf(outcome.failure))
        else if (isSilence(outcome.failure)) pool.report(peer, 'failed')
      }
      onChange()
    },
    random: platform.random,
  })
  undos.add(sync.stop)
  const query = await startRemoteQuery({
    telemetry,
    node: libp2p,
    source: createQuerySource({ registry, search }),
    ingest,
    drop,
    onPeers: onChange,
    rank: reputation.rank,
    observe: experience,
    // A query takes two seconds at most, and its peers are connected already.
    openStream: (peer, operation) =>
      pool.openStream(peer, QUERY_PROTOCOL, { operation, direct: false, relayedAfterMs: queryPatienceMs }),
  })
  undos.add(query.stop)

  const relaySet = createRelaySet(node, { relays, onChange, steps: bootstrap })
  undos.add(relaySet.stop)
  const finder = createPeerFinder(node, pool, {
    avoid: reputation.isBanned,
    onChange: changed,
    steps: bootstrap,
    requestClosestPeers: (peer, key, operation) => requestClosestPeers(rpc, peer, key, operation),
    knownPeers: peersOfEarlierSessions.filter(({ id }) => !reputation.isBanned(id.toString())),
    ...(webRtc === undefined ? {} : { rtcCounts: webRtc.connections }),
  })
  undos.add(finder.stop)
  const relayWatch = relayDirectory.watch({
    isConnected: () => relaySet.relays().some(({ connected }) => connected),
    onRelays: relaySet.setRelays,
  })
  undos.add(relayWatch.stop, recordKnownPeers(node, pool, knownPeers))

  const contentProviders = createContentProviders({
    self: libp2p.peerId.toString(),
    pool,
    isRelay: relaySet.isRelay,
    findInDht: providers.find,
  })

  const history = createPeerHistory({ now: clocks.wall })
  const historyTimer = setInterval(() => {
    history.sample(
      pool.peers().map(({ id, rttMs }) => ({ peer: id.toString(), score: reputation.scoreOf(id.toString()), rttMs })),
    )
  }, historyStepMs)
  undos.add(() => clearInterval(historyTimer))

  libp2p.addEventListener('connection:open', changed)
  libp2p.addEventListener('connection:close', () => {
    if (libp2p.getConnections().length === 0) complete = false
    onChange()
  })

  return {
    status() {
      const connections = libp2p.getConnections()
      // `getPeers` parses and encodes each id, at a cost of a millisecond for 25 peers.
      const peers = [...new Set(connections.map(({ remotePeer }) => remotePeer.toString()))]
      const connectedPeers = peers.filter((peer) => !relaySet.isRelay(peer)).length
      const followers = announcements.subscriberCount()
      const mesh = meshPeers(pubsub, PACKAGES_TOPIC).length
      return {
        online: connections.length > 0,
        exchange,
        connectedPeers,
        catalogueComplete: complete,
        searchablePeers: query.peers().length,
        relays: relaySet
          .relays()
          .map(({ address, connected, reserved, dial, reservation }) => ({
            address,
            connected,
            reserved,
            reason: dial.state === 'ok' ? reservation.reason : dial.reason,
          })),
        connections: connections.length,
        directConnections: pool.directPeers().length,
        steps: {
          ...relaySet.steps(),
          direct: finder.step(),
          topic: topicStep({ followers, mesh, peers: peers.length }),
        },
      }
    },
    peers: {
      list: () =>
        toPeerViews({
          pool,
          traffic: node.traffic,
          isRelay: relaySet.isRelay,
          scoreOf: reputation.scoreOf,
          now: clocks.wall,
        }),
      connectionCount: () => libp2p.getConnections().length,
      counts: pool.counts,
      connect: createDialAddress(node),
      drop,
      report: pool.report,
      isRelay: relaySet.isRelay,
      describe: createDescribePeer(node, pool),
      history: history.of,
      ping: pool.ping,
      disconnect: pool.disconnect,
      expel: peerPolicy.expel,
    },
    dht: {
      provide: (root, operation) => providers.provide(rootToText(root), operation),
      countProviders: contentProviders.count,
      putHead: (key, value, operation, onConfirmed) => heads.put(key, value, { operation, onConfirmed }),
      findHead: (key, operation) => heads.get(key, { operation }),
    },
    content: {
      findProviders: contentProviders.find,
      openStream: (peer, operation, bytes = 0) =>
        pool.openStream(peer, PIECE_PROTOCOL, { operation, direct: false, bytes }),
      relayed: { maxBytes: relayedContentBytes, isRelayed: isRelayedStream, directPath: pool.directPath },
    },
    query,
    sync: { syncNow: sync.syncNow, syncWithPeers: sync.syncWithPeers, isComplete: () => complete },
    announcements: { announce: announcements.publish, audience: announcements.subscriberCount },
    traffic: node.traffic,
    wake() {
      // After a sleep the catalogue counts as incomplete until the next sync exchange.
      complete = false
      pool.wake()
      relayWatch.check()
      relaySet.wake()
      finder.wake()
      sync.syncNow()
    },
    stop: undos.run,
  }
}

/** Counts failures in a row: one disconnected peer says nothing about the others, many do. */
const afterFailure = (before: ExchangeState, failure: unknown): ExchangeState => ({
  kind: 'failed',
  times: before.kind === 'failed' ? before.times + 1 : 1,
  failure: failure instanceof Failure ? failure : new Failure('PeerUnreachable', { code: 'exchange-broke-off' }),
})
