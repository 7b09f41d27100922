import { isIPv6 } from 'node:net'
import { type CircuitRelayService, circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { Connection, Libp2p, PeerId, PrivateKey } from '@libp2p/interface'
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
import { admitConnected, forgetDisconnected, routingTableSize } from '../workers/stack/routing-table.ts'
import { type StackServices, stackServices } from '../workers/stack/services.ts'
import { silentLogger } from '../workers/stack/silent-logger.ts'
import { type AnnouncementValidator, createTopicValidator } from '../workers/stack/topic-validator.ts'
import { noTelemetry } from '../workers/telemetry/no-telemetry.ts'
import type { Telemetry } from '../workers/telemetry/telemetry.ts'
import { addressFor } from './address-for.ts'
import { replayAnnouncements } from './replay-announcements.ts'
import { listeningWebSockets } from './ws/transport.ts'

/** Tabs that one relay serves; at 9 MB for a node with its connections it stays a small program. */
const maxReservations = 1_000

/** All of them, and some that come without a reservation. */
const maxConnections = 1_100

/** New connections a second from one address: a class room, or everybody behind one proxy, arrives at once. */
const maxInboundPerSecond = 1_000
const maxInboundPending = 256

/** Time for the other tab to accept a relayed connection, ms; the library's 30 s would hold those that wait for it. */
const hopTimeoutMs = 5_000

/** Relayed connections that one tab may have open: those of its parallel dials, and leftovers until they close. */
const relayedPerTab = 128

interface RelayServices extends StackServices {
  relay: CircuitRelayService
}

export interface RelayOptions {
  privateKey: PrivateKey
  /** An IP address. */
  host: string
  /** 0 takes any that is free. */
  port: number
  /** Multiaddrs without peer id; empty means: where it listens. */
  announce: readonly string[]
  crypto: CryptoProvider
  validateAnnouncement: AnnouncementValidator
  logger?: Telemetry['logger']
  /** Something failed that the relay outlives. */
  onError?(error: Error): void
}

export interface RelayHealth {
  peers: number
  reservations: number
  /** Peers in the DHT's routing table. */
  routingTable: number
  /** Peers that follow the announcements. */
  subscribers: number
}

export interface Relay {
  node: Libp2p<RelayServices>
  /** Where it listens. */
  port: number
  /** Its multiaddr, with the peer id, for a page that was opened at `pageHost` (`name` or `name:port`). */
  addressFor(pageHost: string | undefined): string
  health(): RelayHealth
  stop(): Promise<void>
}

/**
 * A relay: lets tabs find each other (DHT server), connects them until they have a direct connection (circuit relay),
 * and passes announcements on, those of the last minutes to newcomers too (gossip). It sees who talks to whom through it, and nothing of what is said.
 *
 * Reservations end with the connection they came by, so the limit counts tabs that are there.
 * @throws Error with a sentence that names RELAY_PORT when the port is taken.
 */
export const createRelay = async (options: RelayOptions): Promise<Relay> => {
  const { host, port, announce, crypto, validateAnnouncement, logger = noTelemetry.logger } = options
  const [log, gossipLog] = [logger('relay'), logger('gossip')]
  const gossipLimits = createGossipRateLimits(() => performance.now())
  const drop = (peer: string): void => {
    log.debug('peer dropped for flooding gossip', { peer })
    for (const connection of node.getConnections()) {
      if (connection.remotePeer.toString() === peer) connection.abort(new Error('The peer floods the gossip.'))
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
    addresses: { listen: [`/${isIPv6(host) ? 'ip6' : 'ip4'}/${host}/tcp/${port}/ws`], announce: [...announce] },
    transports: [listener.transport],
    // Tabs come to the relay; an address that a peer names must not make it dial strangers.
    connectionGater: { denyDialMultiaddr: () => true },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: {
      maxConnections,
      inboundConnectionThreshold: maxInboundPerSecond,
      maxIncomingPendingConnections: maxInboundPending,
      connectionCloseTimeout: closeTimeoutMs,
      // Tabs come to the relay, never the other way.
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
  const { pubsub, dht, relay } = node.services

  const onDisconnect = ({ detail: peer }: CustomEvent<PeerId>): void => {
    log.debug('peer disconnected', { peer: peer.toString(), reserved: relay.reservations.has(peer) })
    // Cleared too: its end would otherwise take away the reservation that the same peer makes next.
    relay.reservations.get(peer)?.signal.clear()
    relay.reservations.delete(peer)
  }

  /** A tab that comes again has lost its older connection, which must not be used to reach it. */
  const onOpen = ({ detail: newest }: CustomEvent<Connection>): void => {
    log.debug('connection opened', { peer: newest.remotePeer.toString(), address: newest.remoteAddr.toString() })
    for (const older of node.getConnections(newest.remotePeer))
      if (older.id !== newest.id) older.abort(new Error('The peer has connected anew.'))
  }

  node.addEventListener('peer:disconnect', onDisconnect)
  node.addEventListener('connection:open', onOpen)
  const stopForgetting = forgetDisconnected(node)
  const stopAdmitting = admitConnected(node)
  const validate: AnnouncementValidator = async (announcement, from) => {
    const validation = await validateAnnouncement(announcement, from)
    gossipLog.debug('announcement received', { from, verdict: validation.verdict })
    return validation
  }
  const newcomers = replayAnnouncements(node, () => performance.now())
  pubsub.topicValidators.set(PACKAGES_TOPIC, createTopicValidator(validate, gossipLimits, newcomers.onNews))

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
    health: () => ({
      peers: node.getPeers().length,
      reservations: relay.reservations.size,
      routingTable: routingTableSize(dht),
      subscribers: pubsub.getSubscribers(PACKAGES_TOPIC).length,
    }),
    async stop() {
      stopForgetting()
      stopAdmitting()
      newcomers.stop()
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
    return `RELAY_PORT: the port ${port} of ${host} is taken. Stop what uses it, or choose another (0 takes any).`
  if (message.includes('EACCES')) return `RELAY_PORT: the port ${port} needs more rights. Choose one from 1024 up.`
  if (message.includes('EADDRNOTAVAIL')) return `HOST: this machine has no address ${host}.`
  return `The relay did not start: ${message}`
}
