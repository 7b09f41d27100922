import type { Connection, Libp2p, PeerId, PrivateKey, Transport } from '@libp2p/interface'
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
import { admitConnected, forgetDisconnected } from '../stack/routing-table.ts'
import { createSemaphore } from '../stack/semaphore.ts'
import { type StackServices, stackServices } from '../stack/services.ts'
import { silentLogger } from '../stack/silent-logger.ts'
import type { Operation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { isDirect, peerOf } from './addresses.ts'
import { createDirectPaths, type DirectPaths } from './direct-paths.ts'
import { createGater, type DialGater } from './gater.ts'
import { dialableAddresses } from './heard-addresses.ts'
import { identifyConnections } from './identify.ts'
import { anyRelay, createRelayTransport } from './relay-transport.ts'

/** Direct connections at which DHT queries dial nobody new: each is an RTCPeerConnection that the page keeps. */
export const maxDirectPeers = 24

/** WebRTC dials at once: each gathers candidates and runs checks, and Chrome makes few at a time. */
const maxWebRtcDials = 3

/**
 * Most bytes in one WebRTC message: what browsers take. Each message passes six threads, so 16 KiB, the transport's
 * default, costs more than it carries; who sends much keeps its messages short where the link is slow
 * (`content/message-size.ts`), since they hold up the other streams of the connection.
 */
const maxRtcMessageBytes = 262_144

/** All connections: the direct ones, up to 8 relays, and as many relayed ones on their way to become direct. */
const maxConnections = 64

/** Dials at once, of any kind. A dial by WebRTC may wait for one of its relay, which must find a place. */
const maxParallelDials = 16

/** Inbound relayed connections count by the relay's address: all tabs that find this one in a second, with room. */
const maxInboundPerSecond = 100
const maxInboundPending = 32

/** A dial by WebRTC takes 0.3 s; after this many ms the next address is tried, and then the peer is given up. */
const addressDialTimeoutMs = 5_000
const dialTimeoutMs = 10_000

/** A peer whose first ten addresses all fail is not there. */
const maxAddressesPerDial = 10

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
  /** A peer sends more gossip than any honest one would. */
  onFlood?(peerId: string): void
  /** A peer wanted this node to store in the DHT what it refused. */
  onRefusedPut?(peerId: string, refusal: Refusal): void
  /** In place of WebSockets (tests). */
  transports?: TransportFactory[]
  /** Beside the reservations at relays and WebRTC (tests). */
  listen?: string[]
}

/** A started node and what the rest of `net` needs of it. */
export interface PeerNode {
  libp2p: Libp2pNode
  telemetry: Telemetry
  webRtc: boolean
  /** True for a peer that is configured as a relay. */
  isRelay(peerId: string): boolean
  /** Of the addresses that others named for a peer, those that are worth a dial. */
  dialable(peerId: string, heard: readonly Multiaddr[]): Multiaddr[]
  /** To which peers a direct connection may be tried. */
  paths: DirectPaths
  /** The relays are these from now on, by their multiaddrs with peer ids. */
  setRelays(relays: readonly string[]): void
  heads: HeadValidator
  gater: DialGater
  /** Gets a reservation at a connected relay; for the relay keeper. */
  reserve(relay: PeerId): Promise<void>
  /** Makes one more relayed connection to a peer, by an address that is relayed. */
  dialRelayed(address: Multiaddr, operation: Operation): Promise<Connection>
  stop(): Promise<void>
}

/**
 * The libp2p node of a tab: WebSockets to relays, WebRTC to other tabs, the shared services. It starts without any
 * relay being there; who dials relays and peers is the relay keeper and the peer finder, who closes them is the pool.
 *
 * Nobody notices here when a peer vanishes without a word: that is for the pool.
 *
 * In a worker, import this only after the WebRTC shim is installed: the transport reads the globals when it is loaded.
 */
export const createNode = async (options: CreateNodeOptions): Promise<PeerNode> => {
  const { relays, webRtc } = options
  let relayAddresses = relays.map((address) => multiaddr(address))
  let relayIds = idsOf(relayAddresses)
  const heads = createHeadValidator(options.crypto)
  const relayTransport = createRelayTransport()
  let node: Libp2pNode | undefined
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
    // A relay that is not there must not keep the node from starting.
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
      // Whom to dial again is for the relay keeper and the peer finder to say.
      reconnectRetries: 0,
    },
    // The pool pings, and knows what else was heard.
    connectionMonitor: { enabled: false },
    services: stackServices({
      heads,
      // Without WebRTC a relayed connection is there to stay.
      identifyOnOpen: !webRtc,
      ...(appSpecificScore === undefined ? {} : { appSpecificScore }),
      ...(gossipLimits === undefined ? {} : { gossipLimits }),
      ...(onFlood === undefined ? {} : { onFlood }),
      ...(onRefusedPut === undefined ? {} : { onRefusedPut }),
    }),
  })
  // Commands work by now, and making and starting it at once would keep them waiting.
  await yieldToEventLoop()
  const started = node
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
    paths: createDirectPaths(() => performance.now()),
    setRelays(now) {
      relayAddresses = now.map((address) => multiaddr(address))
      relayIds = idsOf(relayAddresses)
      gater.setRelays(now)
    },
    heads,
    gater,
    reserve: relayTransport.reserve,
    dialRelayed: relayTransport.dial,
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

/** Peers with at least one direct connection, relays among them. */
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

/** Lets at most `limit` dials of a transport run at once. */
const limitDials = (transport: Transport, limit: number): Transport => {
  const dial = transport.dial.bind(transport)
  const dials = createSemaphore(limit)
  transport.dial = (address, options) => dials.run(options.signal, () => dial(address, options))
  return transport
}
