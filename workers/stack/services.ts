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
import { guardGossip } from './gossip-guard.ts'
import { createGossipLimits, type GossipLimits } from './gossip-limits.ts'
import { openStreamsAtOnce } from './gossip-streams.ts'
import type { HeadValidator, Refusal } from './head-validator.ts'
import * as limits from './limits.ts'
import { watchRefusedPuts } from './refused-puts.ts'

/** What every node runs, tab or relay, as `node.services`. */
export interface StackServices extends Record<string, unknown> {
  identify: Identify
  identifyPush: IdentifyPush
  ping: Ping
  dht: KadDHT
  pubsub: GossipSub
}

export interface StackOptions {
  heads: HeadValidator
  /** Local reputation of a peer: 0 is neutral, below −80 nothing of it is taken, above 20 it is preferred in the mesh. */
  appSpecificScore?(peerId: string): number
  /** How much gossip is taken; the same that the announcement gate is given. */
  gossipLimits?: GossipLimits
  /** A relay, which hands news to more peers than a tab does. */
  isHub?: boolean
  /** In place of the measured one (benchmarks), ms. */
  heartbeatMs?: number
  /** False for a node that identifies connections itself (`net/identify.ts`). */
  identifyOnOpen?: boolean
  /** A peer sends more gossip than any honest one would. */
  onFlood?(peerId: string): void
  /** A peer wanted this node to store in the DHT what it refused. */
  onRefusedPut?(peerId: string, refusal: Refusal): void
}

/** The libp2p services of a tab and of a relay, configured alike, because they meet on the wire. */
export const stackServices = (options: StackOptions): ServiceFactoryMap<StackServices> => ({
  identify: identify({ runOnConnectionOpen: options.identifyOnOpen ?? true }),
  identifyPush: identifyPush({ debounce: limits.pushDebounceMs }),
  ping: ping({ maxOutboundStreams: limits.pingsToPeer, maxInboundStreams: limits.pingsFromPeer }),
  // After ping, which it is given.
  dht: connectedDht(options.heads, (peer, refusal) => options.onRefusedPut?.(peer, refusal)),
  pubsub: (components) =>
    openStreamsAtOnce(
      guardGossip(gossipsub(gossipOptions(options))(components), {
        limits: options.gossipLimits ?? createGossipLimits(() => performance.now()),
        onFlood: (peer) => options.onFlood?.(peer),
      }),
    ),
})

/** A DHT whose routing table takes connected peers only. */
export const connectedDht =
  (
    heads: HeadValidator,
    onRefusedPut: (peer: string, refusal: Refusal) => void = () => {},
  ): ReturnType<typeof kadDHT> =>
  (components) => {
    const dht = createDht(heads)({ ...dhtComponents(components), ping: pingConnected(components) })
    // Between tabs each peer met on these walks is an RTCPeerConnection, and a table of connected peers gains nothing.
    disableTableRefresh(dht)
    watchRefusedPuts(dht, onRefusedPut)
    return dht
  }

/** The same as the library has it: it dials each peer that it hears of and keeps those that it reached. */
export const createDht = (heads: HeadValidator): ReturnType<typeof kadDHT> =>
  kadDHT({
    protocol: KAD_PROTOCOL,
    // Said explicitly: a tab would otherwise flip its mode with the kind of relay address it has.
    clientMode: false,
    // The default drops private addresses, and every query in a LAN or on one machine then hangs.
    peerInfoMapper: passthroughMapper,
    validators: { [DHT_NAMESPACE]: heads.validate },
    selectors: { [DHT_NAMESPACE]: heads.select },
    alpha: limits.queryParallelism,
    disjointPaths: limits.queryPaths,
    networkDialTimeout: { minTimeout: limits.queryMinTimeoutMs, maxTimeout: limits.queryMaxTimeoutMs },
    // A query of a lonely node ends at once instead of waiting for a peer.
    allowQueryWithZeroPeers: true,
    // Its periodic query of itself would dial up to 20 peers; the peer finder looks after neighbours, within limits.
    initialQuerySelfInterval: limits.neverMs,
    querySelfInterval: limits.neverMs,
  })

type DhtComponents = Parameters<ReturnType<typeof kadDHT>>[0]

/** The components one by one: libp2p's own object is a proxy that cannot be spread. */
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
})

/**
 * kad-dht pings each peer that it hears of before it takes it into its table, which dials it: between tabs that is an
 * RTCPeerConnection for every name in every answer. Here only peers that are connected already answer, and one whose
 * connection has just been made counts as having answered: that it lives is known.
 */
const pingConnected = ({ ping, connectionManager }: DhtComponents): Ping => {
  const running = new Map<string, Promise<number>>()
  return {
    async ping(peer, options) {
      if (!isPeerId(peer)) return ping.ping(peer, options)
      const direct = connectionManager.getConnections(peer).filter(({ limits }) => limits === undefined)
      if (direct.length === 0) throw new Error('The peer is not connected.')
      if (direct.some(({ timeline }) => isWithin(limits.freshConnectionMs, timeline.open))) return 0
      // A peer that has just connected is pinged from two sides at once.
      const id = peer.toString()
      const answer = running.get(id) ?? ping.ping(peer, options).finally(() => running.delete(id))
      running.set(id, answer)
      return answer
    },
  }
}

/** False for a time to come: the clock was set back since. */
const isWithin = (ms: number, time: number): boolean => Date.now() >= time && Date.now() - time < ms

const gossipOptions = ({ appSpecificScore, heartbeatMs, isHub = false }: StackOptions): Partial<GossipsubOpts> => ({
  D: isHub ? limits.hubMeshPeers : limits.meshPeers,
  Dlo: isHub ? limits.hubMeshPeersMin : limits.meshPeersMin,
  Dhi: isHub ? limits.hubMeshPeersMax : limits.meshPeersMax,
  Dlazy: limits.lazyPeers,
  gossipFactor: limits.lazyShare,
  mcacheLength: isHub ? limits.hubHistoryHeartbeats : limits.historyHeartbeats,
  mcacheGossip: isHub ? limits.hubGossipHeartbeats : limits.gossipHeartbeats,
  heartbeatInterval: heartbeatMs ?? limits.heartbeatMs,
  globalSignaturePolicy: 'StrictSign',
  // The same announcement is one message, whoever sends it again.
  msgIdFn: async ({ data }) => sha256.encode(data),
  // A copy of what is known costs no check of its signature: in a mesh of 8 most of what comes are copies. The signature
  // stands for the message, since it is only noted after it was found good.
  fastMsgIdFn: ({ signature }) => String.fromCharCode(...(signature ?? [])),
  // One message of a peer is judged at a time, and its next frame is read after that: what a peer can have waiting here
  // is what its stream buffers.
  awaitRpcHandler: true,
  awaitRpcMessageHandler: true,
  allowedTopics: [PACKAGES_TOPIC],
  // Who publishes alone keeps it in its outbox; an error would say nothing new.
  allowPublishToZeroTopicPeers: true,
  ignoreDuplicatePublishError: true,
  fallbackToFloodsub: false,
  // One stream a peer, not remade on the direct connection that follows a relayed one.
  runOnLimitedConnection: false,
  maxInboundDataLength: limits.gossipFrameBytes,
  maxOutboundBufferSize: limits.gossipBufferBytes,
  maxTopicBytesPerPeer: limits.topicBytesPerPeer,
  decodeRpcLimits: limits.gossipRpcLimits,
  dataTransform: { inboundTransform: (_topic, data) => sized(data), outboundTransform: (_topic, data) => sized(data) },
  scoreParams: {
    // Tabs behind one router, and all that come through one relay, share an address: it says nothing about them.
    IPColocationFactorWeight: 0,
    appSpecificScore: appSpecificScore ?? (() => 0),
    appSpecificWeight: 1,
    topics: { [PACKAGES_TOPIC]: limits.topicScore },
  },
})

/** Thrown on the way in, it counts against the sender; on the way out it is our own mistake. */
const sized = (data: Uint8Array): Uint8Array => {
  if (data.length > ANNOUNCEMENT_MAX_BYTES)
    throw new RangeError(`A message has at most ${ANNOUNCEMENT_MAX_BYTES} bytes.`)
  return data
}
