import { type GossipSub, type GossipsubOpts, gossipsub } from '@libp2p/gossipsub'
import { type Identify, type IdentifyPush, identify, identifyPush } from '@libp2p/identify'
import { isPeerId } from '@libp2p/interface'
import { type KadDHT, kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { type Ping, ping } from '@libp2p/ping'
import type { ServiceFactoryMap } from 'libp2p'
import { sha256 } from 'multiformats/hashes/sha2'
import { disableTableRefresh } from '../libp2p-internals/kad-dht.ts'
import { ANNOUNCEMENT_MAX_BYTES } from '../protocol/limits.ts'
import { DHT_NAMESPACE, KAD_PROTOCOL, PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { createGossipRateLimits, type GossipRateLimits } from './gossip-rate-limits.ts'
import { openStreamsAtOnce } from './gossip-streams.ts'
import type { HeadValidator, Refusal } from './head-validator.ts'
import { filterInboundGossip } from './inbound-gossip-filter.ts'
import * as limits from './limits.ts'
import { watchRefusedPuts } from './refused-puts.ts'

/** `node.services` of every node, tab or relay. */
export interface StackServices extends Record<string, unknown> {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  dht: KadDHT
  pubsub: GossipSub
}

export interface StackOptions {
  heads: HeadValidator
  /** Local reputation of a peer: 0 is neutral, below −80 the peer is ignored, above 20 it is preferred in the mesh. */
  appSpecificScore?(peerId: string): number
  /** Rate limits on gossip, shared with the topic validator. */
  gossipLimits?: GossipRateLimits
  /** True for a relay, which forwards to more peers than a tab. */
  isRelay?: boolean
  /** Overrides the heartbeat interval in benchmarks (ms). */
  heartbeatMs?: number
  /** False for a node that identifies connections itself (`net/identify.ts`). */
  identifyOnOpen?: boolean
  /** A peer sends more gossip than any honest one would. */
  onFlood?(peerId: string): void
  /** This node refused a DHT value that a peer sent for storage. */
  onRefusedPut?(peerId: string, refusal: Refusal): void
}

/** The libp2p services of a tab or relay; both need the same protocol settings. */
export const stackServices = (options: StackOptions): ServiceFactoryMap<StackServices> => ({
  identify: identify({ runOnConnectionOpen: options.identifyOnOpen ?? true }),
  identifyPush: identifyPush({ debounce: limits.pushDebounceMs }),
  ping: ping({ maxOutboundStreams: limits.pingsToPeer, maxInboundStreams: limits.pingsFromPeer }),
  // After ping, which it depends on.
  dht: connectedDht(options.heads, (peer, refusal) => options.onRefusedPut?.(peer, refusal)),
  pubsub: (components) =>
    openStreamsAtOnce(
      filterInboundGossip(gossipsub(gossipOptions(options))(components), {
        limits: options.gossipLimits ?? createGossipRateLimits(() => performance.now()),
        onFlood: (peer) => options.onFlood?.(peer),
      }),
    ),
})

/** A DHT whose routing table holds only connected peers. */
export const connectedDht =
  (
    heads: HeadValidator,
    onRefusedPut: (peer: string, refusal: Refusal) => void = () => {},
  ): ReturnType<typeof kadDHT> =>
  (components) => {
    const dht = createDht(heads)({ ...dhtComponents(components), ping: pingConnected(components) })
    // Between tabs a refresh costs an RTCPeerConnection per peer it meets, without use for a table of connected peers.
    disableTableRefresh(dht)
    watchRefusedPuts(dht, onRefusedPut)
    return dht
  }

/** The stock DHT, which dials each peer that it learns of and keeps those it reaches. */
export const createDht = (heads: HeadValidator): ReturnType<typeof kadDHT> =>
  kadDHT({
    protocol: KAD_PROTOCOL,
    // Explicit, because a tab's mode would otherwise change with the kind of its relay address.
    clientMode: false,
    // The default drops private addresses, so that every query in a LAN or on one machine hangs.
    peerInfoMapper: passthroughMapper,
    validators: { [DHT_NAMESPACE]: heads.validate },
    selectors: { [DHT_NAMESPACE]: heads.select },
    alpha: limits.queryParallelism,
    disjointPaths: limits.queryPaths,
    networkDialTimeout: { minTimeout: limits.queryMinTimeoutMs, maxTimeout: limits.queryMaxTimeoutMs },
    // A query of an unconnected node ends at once instead of waiting for a peer.
    allowQueryWithZeroPeers: true,
    // The periodic self-query would dial up to 20 peers; the peer finder finds neighbours within its limits.
    initialQuerySelfInterval: limits.neverMs,
    querySelfInterval: limits.neverMs,
  })

type DhtComponents = Parameters<ReturnType<typeof kadDHT>>[0]

/** Lists the components one by one, because libp2p's proxy cannot be spread. */
const dhtComponents = (components: DhtComponents): Omit<DhtComponents, 'ping'> => ({
  peerId: components.peerId,
  privateKey: components.privateKey,
  registrar: components.registrar,
  addressManager: components.addressManager,
  peerStore: components.peerStore,
  connectionManager: components.connectionManager,
  datastore: components.datastore,
  events: components.events,
  logger: components.logger,
  ...(components.metrics === undefined ? {} : { metrics: components.metrics }),
})

/**
 * kad-dht pings each peer it learns of before adding it to its table, which dials it: between tabs, an RTCPeerConnection
 * for every peer in every answer. With this ping only connected peers answer, and a fresh connection counts as an answer.
 */
const pingConnected = ({ ping, connectionManager }: DhtComponents): Ping => {
  const running = new Map<string, Promise<number>>()
  return {
    async ping(peer, options) {
      if (!isPeerId(peer)) return ping.ping(peer, options)
      const direct = connectionManager.getConnections(peer).filter(({ limits }) => limits === undefined)
      if (direct.length === 0) throw new Error('The peer is not connected.')
      if (direct.some(({ timeline }) => isWithin(limits.freshConnectionMs, timeline.open))) return 0
      // Both kad-dht and the routing table may ping a newly connected peer at once.
      const id = peer.toString()
      const answer = running.get(id) ?? ping.ping(peer, options).finally(() => running.delete(id))
      running.set(id, answer)
      return answer
    },
  }
}

/** False for a time in the future, after the clock was set back. */
const isWithin = (ms: number, time: number): boolean => Date.now() >= time && Date.now() - time < ms

const gossipOptions = ({ appSpecificScore, heartbeatMs, isRelay = false }: StackOptions): Partial<GossipsubOpts> => ({
  D: isRelay ? limits.relayMeshPeers : limits.meshPeers,
  Dlo: isRelay ? limits.relayMeshPeersMin : limits.meshPeersMin,
  Dhi: isRelay ? limits.relayMeshPeersMax : limits.meshPeersMax,
  Dlazy: limits.lazyPeers,
  gossipFactor: limits.lazyShare,
  mcacheLength: isRelay ? limits.relayHistoryHeartbeats : limits.historyHeartbeats,
  mcacheGossip: isRelay ? limits.relayGossipHeartbeats : limits.gossipHeartbeats,
  heartbeatInterval: heartbeatMs ?? limits.heartbeatMs,
  globalSignaturePolicy: 'StrictSign',
  // The same announcement is one message, whichever peer republishes it.
  msgIdFn: async ({ data }) => sha256.encode(data),
  // A duplicate costs no signature check: in a mesh of 8 most messages are duplicates. The signature identifies the
  // message, since it is recorded only after verification.
  fastMsgIdFn: ({ signature }) => String.fromCharCode(...(signature ?? [])),
  // Validates one message of a peer at a time and reads its next frame afterwards, so that only its stream buffers data.
  awaitRpcHandler: true,
  awaitRpcMessageHandler: true,
  allowedTopics: [PACKAGES_TOPIC],
  // Without peers, the record stays in the outbox; an error would add nothing.
  allowPublishToZeroTopicPeers: true,
  ignoreDuplicatePublishError: true,
  fallbackToFloodsub: false,
  // No stream on the relayed connection, which would have to be replaced on the direct one.
  runOnLimitedConnection: false,
  maxInboundDataLength: limits.gossipFrameBytes,
  maxOutboundBufferSize: limits.gossipBufferBytes,
  maxTopicBytesPerPeer: limits.topicBytesPerPeer,
  decodeRpcLimits: limits.gossipRpcLimits,
  dataTransform: { inboundTransform: (_topic, data) => sized(data), outboundTransform: (_topic, data) => sized(data) },
  scoreParams: {
    // Tabs behind one router or relay share an address, so it says nothing about them.
    IPColocationFactorWeight: 0,
    appSpecificScore: appSpecificScore ?? (() => 0),
    appSpecificWeight: 1,
    topics: { [PACKAGES_TOPIC]: limits.topicScore },
  },
})

/** An inbound error counts against the sender; an outbound one is our own fault. */
const sized = (data: Uint8Array): Uint8Array => {
  if (data.length > ANNOUNCEMENT_MAX_BYTES)
    throw new RangeError(`A message has at most ${ANNOUNCEMENT_MAX_BYTES} bytes.`)
  return data
}
