import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { createPieceServer, type PieceServerDependencies, pieceHandlerOptions } from '../content/piece-server.ts'
import type { Entry } from '../protocol/entry.ts'
import { PIECE_PROTOCOL, SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { createGossipRateLimits } from '../stack/gossip-rate-limits.ts'
import { createHeadValidator } from '../stack/head-validator.ts'
import { type StackServices, stackServices } from '../stack/services.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { giveEntries } from './hostile-sync.ts'

/** A node over real WebSockets that speaks every protocol, keeps to nothing, and does what a test says. */
export interface Hostile {
  readonly id: string
  readonly address: string
  readonly node: Libp2p<StackServices>
  /** Opens a stream on the open connection to a peer that has dialled. */
  open(peer: string, protocol: string): Promise<Stream>
  /** Begins an exchange and gives these entries in it. */
  give(peer: string, entries: readonly Entry[]): Promise<unknown>
  /** Serves content through something that a test puts in between. */
  servePieces(content: PieceServerDependencies['content']): Promise<void>
  isConnectedTo(peer: string): boolean
}

export const createHostileNodes = () => {
  const stops: (() => Promise<unknown>)[] = []

  return {
    async start(): Promise<Hostile> {
      const node = await startNode()
      stops.push(async () => node.stop())
      return {
        id: node.peerId.toString(),
        address: addressOf(node),
        node,
        open: (peer, protocol) => connectionTo(node, peer).newStream(protocol, { maxOutboundStreams: 64 }),
        async give(peer, entries) {
          const stream = await connectionTo(node, peer).newStream(SYNC_PROTOCOL)
          return giveEntries(stream, entries, peer)
        },
        async servePieces(content) {
          const server = createPieceServer({ telemetry: noTelemetry, content, report() {} })
          await node.handle(PIECE_PROTOCOL, (stream, { remotePeer }) => server.handle(stream, remotePeer.toString()), {
            ...pieceHandlerOptions,
            force: true,
          })
        },
        isConnectedTo: (peer) => node.getConnections().some(({ remotePeer }) => remotePeer.toString() === peer),
      }
    },
    async stopAll() {
      await Promise.all(stops.splice(0).map((stop) => stop()))
    },
  }
}

const startNode = async (): Promise<Libp2p<StackServices>> =>
  createLibp2p<StackServices>({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // All of a test come from one address.
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: stackServices({
      heads: createHeadValidator(webCrypto),
      gossipLimits: createGossipRateLimits(() => performance.now()),
    }),
  })

const addressOf = (node: Libp2p): string => {
  const [address] = node.getMultiaddrs()
  if (address === undefined) throw new Error('the node has no address')
  return address.toString()
}

const connectionTo = (node: Libp2p, peer: string): Connection => {
  const connection = node.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
  if (connection === undefined) throw new Error(`${peer} is not connected`)
  return connection
}

/** Dials an address from a node. */
export const dial = (node: Libp2p<StackServices>, address: string): Promise<Connection> => node.dial(multiaddr(address))
