import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import type { Entry } from '../../workers/protocol/entry.ts'
import { QUERY_PROTOCOL } from '../../workers/protocol/protocols.ts'
import { createLinks } from '../../workers/testing/delayed-memory.ts'
import { type QueryPeer, startQueryPeer } from '../../workers/testing/query-peers.ts'
import { until } from '../../workers/testing/relay-network.ts'

export interface QueryNetworkOptions {
  readonly peers: number
  /** How many of them accept a query and never answer. */
  readonly silent?: number
  /** The catalogue of the peer with this index. */
  entriesOf(index: number): readonly Entry[]
  /** Half of a round trip (ms). */
  readonly delayMs: number
}

/** A node with an empty catalogue that is connected to peers with one; all are real libp2p nodes in this process. */
export interface QueryNetwork {
  readonly client: QueryPeer
  stop(): Promise<void>
}

let networks = 0

export const startQueryNetwork = async (options: QueryNetworkOptions): Promise<QueryNetwork> => {
  const { peers, silent = 0, entriesOf, delayMs } = options
  networks += 1
  const links = createLinks(1, { delayMs: 0, jitterMs: 0, loss: 0, retransmitMs: 200 })
  const nodes: Libp2p[] = []
  for (let index = 0; index <= peers; index += 1) nodes.push(await startNode(links.transport, networks, index))
  const [own, ...others] = nodes
  if (own === undefined) throw new Error('No node.')
  const answering: QueryPeer[] = []
  for (const [index, node] of others.entries()) {
    if (index < silent) await node.handle(QUERY_PROTOCOL, () => {})
    else answering.push(await startQueryPeer(node, { entries: entriesOf(index) }))
  }
  const client = await startQueryPeer(own)
  const stop = async (): Promise<void> => {
    links.conditions.delayMs = 0
    for (const peer of [client, ...answering]) await peer.stop()
    for (const node of nodes)
      for (const connection of node.getConnections()) connection.abort(new Error('The benchmark has ended.'))
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    for (const node of others) await own.dial(node.getMultiaddrs())
    await until('all can be queried', () => client.query.peers().length === peers)
  } catch (error) {
    await stop()
    throw error
  }
  links.conditions.delayMs = delayMs
  return { client, stop }
}

const startNode = async (
  transport: ReturnType<typeof createLinks>['transport'],
  network: number,
  index: number,
): Promise<Libp2p> => {
  const seed = new Uint8Array(32)
  new DataView(seed.buffer).setUint32(0, network)
  new DataView(seed.buffer).setUint32(4, index + 1)
  return createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen: [`/memory/query-${network}-${index}`] },
    transports: [transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    connectionMonitor: { enabled: false },
    services: { identify: identify() },
  })
}
