import { isIPv6 } from 'node:net'
import { type CircuitRelayService, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { ComponentLogger, Connection, Libp2p, Metrics, PeerId, PrivateKey } from '@libp2p/interface'
import { createLibp2p } from 'libp2p'
import type { CryptoProvider } from '../workers/protocol/crypto.ts'
import { PACKAGES_TOPIC } from '../workers/protocol/protocols.ts'
import { createBoundedDatastore } from '../workers/stack/bounded-datastore.ts'
import { noise } from '../workers/stack/encryption.ts'
import { createGossipRateLimits } from '../workers/stack/gossip-rate-limits.ts'
import { createHeadValidator } from '../workers/stack/head-validator.ts'
import {
  closeTimeoutMs,
  pingIntervalMs,
  pingTimeoutMs,
  relayDatastore,
  relayedBytes,
  relayedDurationMs,
} from '../workers/stack/limits.ts'
import { yamux } from '../workers/stack/muxer.ts'
import { cachePeers } from '../workers/stack/peer-store-cache.ts'
import { admitConnected, forgetDisconnected, routingTableSize } from '../workers/stack/routing-table.ts'
import { type StackServices, stackServices } from '../workers/stack/services.ts'
import { silentLogger } from '../workers/stack/silent-logger.ts'
import { type AnnouncementValidator, createTopicValidator } from '../workers/stack/topic-validator.ts'
import { noTelemetry } from '../workers/telemetry/no-telemetry.ts'
import type { Telemetry } from '../workers/telemetry/telemetry.ts'
import { addressFor } from './address-for.ts'
import { replayAnnouncements } from './replay-announcements.ts'
import { observeRelay, type RelayTelemetry } from './telemetry/observe-relay.ts'
import { listeningWebSockets } from './ws/transport.ts'

/** Tabs that one relay serves. A node with its connections takes 9 MB, so the relay remains a small program. */
const maxReservations = 1_000

/** Room for all reservations and some connections without one. */
const maxConnections = 1_100

/** New connections per second from one address: a classroom, or all users of one proxy, may arrive at once. */
const maxInboundPerSecond = 1_000
const maxInboundPending = 256

/** Time for the other tab to accept a relayed connection (ms); the library's 30 s would stall the dialling tab. */
const hopTimeoutMs = 5_000

/** Open relayed connections per tab: its parallel dials, and those about to close. */
const relayedPerTab = 128

interface RelayServices extends StackServices {
  relay: CircuitRelayService
}

export interface RelayOptions {
  privateKey: PrivateKey
  /** An IP address. */
  host: string
  /** 0 picks a free one. */
  port: number
  /** Multiaddrs without peer id; empty to announce the listening addresses. */
  announce: readonly string[]
  crypto: CryptoProvider
  validateAnnouncement: AnnouncementValidator
  logger?: Telemetry['logger']
  /** Counts and traces what the relay does. */
  telemetry?: RelayTelemetry
  /** Receives libp2p's own metrics. */
  metrics?(components: { logger: ComponentLogger }): Metrics
  /** Called for failures that the relay survives. */
  onError?(error: Error): void
}

export interface RelayHealth {
  peers: number
  reservations: number
  /** Peers in the DHT's routing table. */
  routingTable: number
  /** Subscribers of the announcement topic. */
  subscribers: number
}

export interface Relay {
  node: Libp2p<RelayServices>
  /** The listening port. */
  port: number
  /** Returns its multiaddr with peer id for a page opened at `pageHost` (`name` or `name:port`). */
  addressFor(pageHost: string | undefined): string
  health(): RelayHealth
  stop(): Promise<void>
}

/**
 * Starts a relay. It lets tabs find each other (DHT server), connects them until they have a direct connection (circuit
 * relay), forwards announcements and replays those of the last minutes to new subscribers (gossip). It sees which peers
 * talk to each other through it, but not what they say.
 *
 * A reservation ends with its connection, so the limit counts connected tabs only.
 * @throws Error naming RELAY_PORT when the port is taken.
 */
export const createRelay = async (options: RelayOptions): Promise<Relay> => {
  const { host, port, announce, crypto, validateAnnouncement, logger = noTelemetry.logger } = options
  const [log, gossipLog] = [logger('relay'), logger('gossip')]
  const gossipLimits = createGossipRateLimits(() => performance.now())
  const drop = (peer: string): void => {
    log.debug('peer dropped for flooding gossip', { peer })
    for (const connection of node.getConnections()) {
      if (connection.remotePeer.toString() === peer) connection.abort(new Error('The peer floods the topic.'))
    }
  }
  const listener = listeningWebSockets({ onError: (error) => options.onError?.(error) })
  const node = await createLibp2p<RelayServices>({
    start: false,
    datastore: createBoundedDatastore(relayDatastore),
    privateKey: options.privateKey,
    // `DEBUG=libp2p:*` writes the library's own logs.
    ...(/libp2p|\*/.test(process.env['DEBUG'] ?? '') ? {} : { logger: silentLogger }),
    nodeInfo: { userAgent: 'ggen-relay' },
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    addresses: { listen: [`/${isIPv6(host) ? 'ip6' : 'ip4'}/${host}/tcp/${port}/ws`], announce: [...announce] },
    transports: [listener.transport],
    // The relay dials nobody; an address that a peer announces must not make it dial strangers.
    connectionGater: { denyDialMultiaddr: () => true },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections,
      inboundConnectionThreshold: maxInboundPerSecond,
      maxIncomingPendingConnections: maxInboundPending,
      connectionCloseTimeout: closeTimeoutMs,
      reconnectRetries: 0,
    },
    connectionMonitor: {
      pingInterval: pingIntervalMs,
      pingTimeout: { minTimeout: pingTimeoutMs, maxTimeout: pingTimeoutMs },
    },
    services: {
      ...stackServices({ heads: createHeadValidator(crypto), gossipLimits, isRelay: true, onFlood: drop }),
      relay: circuitRelayServer({
        hopTimeout: hopTimeoutMs,
        maxInboundHopStreams: relayedPerTab,
        maxOutboundStopStreams: relayedPerTab,
        reservations: {
          maxReservations,
          defaultDurationLimit: relayedDurationMs,
          defaultDataLimit: BigInt(relayedBytes),
        },
      }),
    },
  })
  cachePeers(node.peerStore, { maxPeers: maxConnections, now: () => performance.now() })
  const { pubsub, dht, relay } = node.services

  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    log.debug('peer disconnected', { peer: peer.toString(), reserved: relay.reservations.has(peer) })
    // The old timeout would otherwise remove the next reservation of the same peer.
    relay.reservations.get(peer)?.signal.clear()
    relay.reservations.delete(peer)
  }

  /** A tab that reconnects has lost its older connection, so the relay must not use that one to reach it. */
  const onOpen = ({ detail: newest }: CustomEvent<Connection>): void => {
    log.debug('connection opened', { peer: newest.remotePeer.toString(), address: newest.remoteAddr.toString() })
    for (const older of node.getConnections(newest.remotePeer))
      if (older.id !== newest.id) older.abort(new Error('The peer has reconnected.'))
  }

  node.addEventListener('peer:disconnect', onDisconnect)
  node.addEventListener('connection:open', onOpen)
  const stopForgetting = forgetDisconnected(node)
  const stopAdmitting = admitConnected(node)
  const health = (): RelayHealth => ({
    peers: node.getPeers().length,
    reservations: relay.reservations.size,
    routingTable: routingTableSize(dht),
    subscribers: pubsub.getSubscribers(PACKAGES_TOPIC).length,
  })
  const observed = options.telemetry === undefined ? undefined : observeRelay(node, health, options.telemetry)
  const validate: AnnouncementValidator = async (announcement, from) => {
    const done = observed?.onAnnouncement(from)
    const validation = await validateAnnouncement(announcement, from)
    done?.(validation.verdict)
    gossipLog.debug('announcement received', { from, verdict: validation.verdict })
    return validation
  }
  const replay = replayAnnouncements(node, () => performance.now())
  pubsub.topicValidators.set(PACKAGES_TOPIC, createTopicValidator(validate, gossipLimits, replay.onAccepted))

  try {
    await node.start()
  } catch (error) {
    await node.stop()
    throw new Error(whyNotStarted(error, host, port))
  }
  log.debug('relay started', { peer: node.peerId.toString(), port: listener.port() })
  pubsub.subscribe(PACKAGES_TOPIC)

  return {
    node,
    port: listener.port(),
    addressFor: (pageHost) => addressFor(node.getMultiaddrs().map(String), pageHost),
    health,
    async stop() {
      stopForgetting()
      stopAdmitting()
      replay.stop()
      node.removeEventListener('connection:open', onOpen)
      for (const reservation of relay.reservations.values()) reservation.signal.clear()
      await node.stop()
      node.removeEventListener('peer:disconnect', onDisconnect)
    },
  }
}

const whyNotStarted = (error: unknown, host: string, port: number): string => {
  const message = error instanceof Error ? error.message : String(error)
  if (message.includes('EADDRINUSE'))
    return `RELAY_PORT: the port ${port} of ${host} is taken. Stop the program that uses it, or choose another port (0 picks a free one).`
  if (message.includes('EACCES')) return `RELAY_PORT: the port ${port} requires privileges. Choose one from 1024 up.`
  if (message.includes('EADDRNOTAVAIL')) return `HOST: this machine has no address ${host}.`
  return `The relay did not start: ${message}`
}
