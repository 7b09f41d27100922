import type { Connection, Libp2p, PeerId, PrivateKey, Stream, Transport } from '@libp2p/interface'
import { FaultTolerance } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2pOptions } from 'libp2p'
import { requireConnectionInternals } from '../libp2p-internals/connection.ts'
import { repeatInitEvents } from '../libp2p-internals/webrtc-init-channel.ts'
import { onlyConnected } from '../libp2p-internals/webrtc-state.ts'
import { webSockets } from '../libp2p-internals/websockets.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { createBoundedDatastore } from '../stack/bounded-datastore.ts'
import { noise } from '../stack/encryption.ts'
import { yieldToEventLoop } from '../stack/event-loop.ts'
import type { GossipRateLimits } from '../stack/gossip-rate-limits.ts'
import { createHeadValidator, type HeadValidator, type Refusal } from '../stack/head-validator.ts'
import { closeTimeoutMs, tabDatastore } from '../stack/limits.ts'
import { yamux } from '../stack/muxer.ts'
import { cachePeers } from '../stack/peer-store-cache.ts'
import { admitConnected, forgetDisconnected } from '../stack/routing-table.ts'
import { createSemaphore } from '../stack/semaphore.ts'
import { type StackServices, stackServices } from '../stack/services.ts'
import { silentLogger } from '../stack/silent-logger.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { isDirect, peerOf } from './addresses.ts'
import { createConnectionErrors } from './connection-errors.ts'
import { countStreams } from './counted-streams.ts'
import { isGone } from './dial-peer.ts'
import { createDirectPaths, type DirectPaths } from './direct-paths.ts'
import { createGater, type DialGater } from './gater.ts'
import { dialableAddresses } from './heard-addresses.ts'
import { identifyConnections } from './identify.ts'
import { anyRelay, createRelayTransport } from './relay-transport.ts'
import { createTraffic, type Traffic } from './traffic.ts'

/** Direct peers above which DHT lookups dial no new ones: each is an RTCPeerConnection that the page owns. */
export const maxDirectPeers = 24

/** Concurrent WebRTC dials: each gathers and checks candidates, and Chrome handles few at a time. */
const maxWebRtcDials = 3

/**
 * Limit of one WebRTC message (bytes), as browsers have it. Each message crosses six threads, so the transport's
 * default of 16 KiB is mostly overhead. Bulk senders use shorter messages on slow links (`content/message-size.ts`),
 * because a long one blocks the other streams of the connection.
 */
const maxRtcMessageBytes = 262_144

/** Limit of all connections: direct ones, up to 8 relays, and relayed ones that are becoming direct. */
const maxConnections = 64

/** Concurrent dials of any kind. A WebRTC dial may wait for a dial of its relay, which needs room as well. */
const maxParallelDials = 16

/**
 * Inbound relayed connections all count for the relay's address: room for every tab that finds this one in a second.
 */
const maxInboundPerSecond = 100
const maxInboundPending = 32

/** Limits of a dial: per address, and per peer (ms). A WebRTC dial takes 300. */
const addressDialTimeoutMs = 5_000
const dialTimeoutMs = 10_000

/** A peer whose first ten addresses all fail counts as unreachable. */
const maxAddressesPerDial = 10

/** Peers whose records stay decoded: all connected ones, and as many that are being dialled. */
const maxCachedPeers = 2 * maxConnections

export type Libp2pNode = Libp2p<StackServices>

type TransportFactory = NonNullable<Libp2pOptions['transports']>[number]

export interface CreateNodeOptions {
  privateKey: PrivateKey
  /** Multiaddrs of relays, each with its peer id. */
  relays: readonly string[]
  crypto: CryptoProvider
  telemetry: Telemetry
  /** ICE servers for WebRTC; empty means host candidates only. */
  iceServers: { urls: string | string[]; username?: string; credential?: string }[]
  /** False where the browser has no WebRTC: the node then works over relays. */
  webRtc: boolean
  appSpecificScore?(peerId: string): number
  isBanned?(peerId: string): boolean
  gossipLimits?: GossipRateLimits
  /** A peer sends more gossip than an honest one can. */
  onFlood?(peerId: string): void
  /** This node refused a DHT put of a peer. */
  onRefusedPut?(peerId: string, refusal: Refusal): void
  /** Replaces WebSockets (tests). */
  transports?: TransportFactory[]
  /** Listen addresses besides relays and WebRTC (tests). */
  listen?: string[]
}

/** A started node with what the rest of `net` needs. */
export interface PeerNode {
  libp2p: Libp2pNode
  telemetry: Telemetry
  webRtc: boolean
  /** True for a peer that is configured as a relay. */
  isRelay(peerId: string): boolean
  /** Selects the addresses worth dialling from those that others named for a peer. */
  dialable(peerId: string, heard: readonly Multiaddr[]): Multiaddr[]
  /** Decides which peers may be dialled directly. */
  paths: DirectPaths
  /** Replaces the configured relays: multiaddrs with peer ids. */
  setRelays(relays: readonly string[]): void
  heads: HeadValidator
  gater: DialGater
  traffic: Pick<Traffic, 'total' | 'ofPeer'>
  /** Makes a reservation at a connected relay; used by the relay set. */
  reserve(relay: PeerId): Promise<void>
  /** Opens another relayed connection to a peer, by a relayed address. */
  dialRelayed(address: Multiaddr, operation: Operation): Promise<Connection>
  stop(): Promise<void>
}

/**
 * The libp2p node of a tab: WebSockets to relays, WebRTC to other tabs, the shared services. It starts without a
 * reachable relay. The relay set dials relays, the peer finder dials peers, and the pool closes connections and detects
 * peers that vanish silently.
 *
 * In a worker, install the WebRTC shim first: the transport reads the globals when it is loaded.
 */
export const createNode = async (options: CreateNodeOptions): Promise<PeerNode> => {
  const { relays, webRtc } = options
  let relayAddresses = relays.map((address) => multiaddr(address))
  let relayIds = idsOf(relayAddresses)
  const heads = createHeadValidator(options.crypto)
  const relayTransport = createRelayTransport()
  const traffic = createTraffic(() => performance.now())
  let node: Libp2pNode | undefined
  const countError = createConnectionErrors(options.telemetry.meter)
  const { appSpecificScore, gossipLimits, onFlood, onRefusedPut, isBanned = () => false } = options
  const gater = createGater(relays, {
    isFull: () => node !== undefined && directPeerCount(node) >= maxDirectPeers,
    isBanned,
  })

  node = await createLibp2p<StackServices>({
    start: false,
    datastore: createBoundedDatastore(tabDatastore),
    privateKey: options.privateKey,
    logger: silentLogger,
    // Peers need not learn which browser this is.
    nodeInfo: { userAgent: 'ggen-marketplace' },
    addresses: { listen: [...relays.map(() => anyRelay), ...(webRtc ? ['/webrtc'] : []), ...(options.listen ?? [])] },
    transports: [
      ...(options.transports ?? [webSockets()]),
      relayTransport.transport,
      ...(webRtc ? [await webRtcTransport(options.iceServers)] : []),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: gater.gater,
    // An unreachable relay must not keep the node from starting.
    transportManager: { faultTolerance: FaultTolerance.NO_FATAL },
    connectionManager: {
      maxConnections,
      maxParallelDials,
      inboundConnectionThreshold: maxInboundPerSecond,
      maxIncomingPendingConnections: maxInboundPending,
      addressDialTimeout: addressDialTimeoutMs,
      dialTimeout: dialTimeoutMs,
      maxPeerAddrsToDial: maxAddressesPerDial,
      connectionCloseTimeout: closeTimeoutMs,
      // The relay set and the peer finder decide what to redial.
      reconnectRetries: 0,
    },
    // The pool pings, and skips connections that showed other signs of life.
    connectionMonitor: { enabled: false },
    metrics: () => countStreams(traffic, (stream) => node && peerOfStream(node, stream)),
    services: stackServices({
      heads,
      // Without WebRTC, relayed connections stay relayed.
      identifyOnOpen: !webRtc,
      ...(appSpecificScore === undefined ? {} : { appSpecificScore }),
      ...(gossipLimits === undefined ? {} : { gossipLimits }),
      ...(onFlood === undefined ? {} : { onFlood }),
      ...(onRefusedPut === undefined ? {} : { onRefusedPut }),
    }),
  })
  // Commands work already, and creating and starting the node in one turn would delay them.
  await yieldToEventLoop()
  const started = node
  cachePeers(started.peerStore, { maxPeers: maxCachedPeers, now: () => performance.now() })
  const stopRequiring = requireConnectionInternals(started)
  const stopForgetting = forgetDisconnected(started)
  const stopAdmitting = admitConnected(started)
  const stopIdentifying = webRtc ? identifyConnections(started) : () => {}
  await started.start()

  return {
    libp2p: started,
    telemetry: options.telemetry,
    webRtc,
    isRelay: (peerId) => relayIds.has(peerId),
    dialable: (peerId, heard) =>
      dialableAddresses(heard, peerId, { self: started.peerId.toString(), relays: relayAddresses }),
    paths: createDirectPaths(
      () => performance.now(),
      () => countError('direct'),
    ),
    setRelays(newRelays) {
      relayAddresses = newRelays.map((address) => multiaddr(address))
      relayIds = idsOf(relayAddresses)
      gater.setRelays(newRelays)
    },
    heads,
    gater,
    traffic,
    reserve: relayTransport.reserve,
    async dialRelayed(address, operation) {
      try {
        return await relayTransport.dial(address, operation)
      } catch (error) {
        if (!operation.signal.aborted && !isGone(error)) countError('relayed')
        throw error
      }
    },
    async stop() {
      stopRequiring()
      stopForgetting()
      stopAdmitting()
      stopIdentifying()
      await started.stop()
    },
  }
}

const idsOf = (relays: readonly Multiaddr[]): Set<string | undefined> => new Set(relays.map(peerOf))

const peerOfStream = (node: Libp2pNode, stream: Stream): string | undefined =>
  node
    .getConnections()
    .find(({ streams }) => streams.includes(stream))
    ?.remotePeer.toString()

/** Counts peers with a direct connection, relays included. */
const directPeerCount = (node: Libp2pNode): number =>
  new Set(
    node
      .getConnections()
      .filter(isDirect)
      .map(({ remotePeer }) => remotePeer.toString()),
  ).size

const webRtcTransport = async (iceServers: CreateNodeOptions['iceServers']): Promise<TransportFactory> => {
  repeatInitEvents()
  const { webRTC } = await import('@libp2p/webrtc')
  const create = webRTC({ rtcConfiguration: { iceServers }, dataChannel: { maxMessageSize: maxRtcMessageBytes } })
  return (components) => limitDials(onlyConnected(create, components), maxWebRtcDials)
}

/** Limits the concurrent dials of a transport. */
const limitDials = (transport: Transport, limit: number): Transport => {
  const dial = transport.dial.bind(transport)
  const dials = createSemaphore(limit)
  transport.dial = (address, options) => dials.run(options.signal, () => dial(address, options))
  return transport
}
