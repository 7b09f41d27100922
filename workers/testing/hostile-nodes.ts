import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { createPieceServer, type PieceServerDependencies, pieceHandlerOptions } from '../content/piece-server.ts'
import type { Entry } from '../protocol/entry.ts'
import { PACKAGES_TOPIC, PIECE_PROTOCOL, SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { createGossipRateLimits } from '../stack/gossip-rate-limits.ts'
import { createHeadValidator } from '../stack/head-validator.ts'
import { type StackServices, stackServices } from '../stack/services.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { giveEntries } from './hostile-sync.ts'
import type { EngineNetwork } from './network.ts'

/** A node with all services of a peer and no engine: it speaks every protocol and breaks the rules as a test asks. */
export interface HostileNode {
  readonly id: string
  readonly address: string
  readonly node: Libp2p<StackServices>
  dial(peer: { readonly address: string }): Promise<Connection>
  connectionTo(peer: string): Connection | undefined
  isConnectedTo(peer: string): boolean
  /** Opens a stream on the open connection to a peer. */
  open(peer: string, protocol: string): Promise<Stream>
  /** Starts a sync exchange that offers these entries. */
  give(peer: string, entries: readonly Entry[]): Promise<unknown>
  /** Publishes a message on the package topic; resolves with the number of recipients. */
  announce(message: Uint8Array): Promise<number>
  /** Replaces the handler of a protocol. */
  answer(protocol: string, handler: (stream: Stream, connection: Connection) => void): Promise<void>
  /** Serves content, which a test may manipulate. */
  servePieces(content: PieceServerDependencies['content']): Promise<void>
  stop(): Promise<void>
}

export interface HostileNodesOptions {
  /** The memory transport of an engine network; without one the nodes use WebSockets. */
  transport?: EngineNetwork['transport']
}

/** Memory addresses are global to the process. */
let created = 0

export const createHostileNodes = ({ transport }: HostileNodesOptions = {}) => {
  const nodes: HostileNode[] = []

  const createNode = async (): Promise<Libp2p<StackServices>> => {
    created += 1
    const listen = transport === undefined ? '/ip4/127.0.0.1/tcp/0/ws' : `/memory/hostile-${created}`
    return createLibp2p<StackServices>({
      privateKey: await generateKeyPair('Ed25519'),
      addresses: { listen: [listen] },
      transports: [transport ?? webSockets()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      // All nodes of a test share one address.
      connectionManager: { inboundConnectionThreshold: 1_000 },
      services: stackServices({
        heads: createHeadValidator(webCrypto),
        gossipLimits: createGossipRateLimits(() => performance.now()),
      }),
    })
  }

  return {
    async start(): Promise<HostileNode> {
      const hostile = controlNode(await createNode())
      nodes.push(hostile)
      return hostile
    },
    async stopAll() {
      await Promise.all(nodes.splice(0).map(({ stop }) => stop()))
    },
  }
}

const controlNode = (node: Libp2p<StackServices>): HostileNode => {
  const connectionTo = (peer: string): Connection | undefined =>
    node.getConnections().find(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peer)

  const open = async (peer: string, protocol: string): Promise<Stream> => {
    const connection = connectionTo(peer)
    if (connection === undefined) throw new Error(`${peer} is not connected`)
    return connection.newStream(protocol, { maxOutboundStreams: 64 })
  }

  const answer: HostileNode['answer'] = (protocol, handler) =>
    node.handle(protocol, handler, { force: true, maxInboundStreams: 64 })

  return {
    id: node.peerId.toString(),
    address: addressOf(node),
    node,
    dial: ({ address }) => node.dial(multiaddr(address)),
    connectionTo,
    isConnectedTo: (peer) => connectionTo(peer) !== undefined,
    open,
    give: async (peer, entries) => giveEntries(await open(peer, SYNC_PROTOCOL), entries, peer),
    announce: async (message) => (await node.services.pubsub.publish(PACKAGES_TOPIC, message)).recipients.length,
    answer,
    async servePieces(content) {
      const server = createPieceServer({ telemetry: noTelemetry, content, report() {} })
      await node.handle(PIECE_PROTOCOL, (stream, { remotePeer }) => server.handle(stream, remotePeer.toString()), {
        ...pieceHandlerOptions,
        force: true,
      })
    },
    stop: async () => node.stop(),
  }
}

const addressOf = (node: Libp2p): string => {
  const [address] = node.getMultiaddrs()
  if (address === undefined) throw new Error('the node has no address')
  return address.toString()
}
