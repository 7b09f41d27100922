import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { Connection, Libp2p } from '@libp2p/interface'
import { type KadDHT, Record } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { type Ping, ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { createDhtHeads, type DhtHeads, type RejectedAnswer } from '../dht/dht-heads.ts'
import { createKadRpc, type KadRpc } from '../dht/kad-rpc.ts'
import type { PeerAnswer } from '../dht/measured-request.ts'
import { createProviders, type Providers } from '../dht/providers.ts'
import { createRoundTrips } from '../dht/round-trips.ts'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import { createBoundedDatastore } from '../stack/bounded-datastore.ts'
import { createHeadValidator, type HeadValidator } from '../stack/head-validator.ts'
import { tabDatastore } from '../stack/limits.ts'
import { addToTable, admitConnected, forgetDisconnected, routingTableSize } from '../stack/routing-table.ts'
import { connectedDht, createDht } from '../stack/services.ts'
import { silentLogger } from '../stack/silent-logger.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createInMemoryMeter, type MeterReader } from '../telemetry/in-memory-meter.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { createLinks, type LinkConditions } from './delayed-memory.ts'
import { chooseLinks } from './dht-links.ts'
import { verifyToText } from './head-source.ts'

/**
 * Real libp2p nodes with kad-dht in one process: the memory transport, noise, yamux, identify, our validator.
 *
 * They are connected as if all had joined. While that is set up, what identify and ping would find out is told to both
 * sides, because a thousand nodes take minutes for it; connections that come later are identified and pinged as ever.
 */

export interface DhtNode {
  node: Libp2p<{ identify: Identify; ping: Ping; dht: KadDHT }>
  id: string
  rpc: KadRpc
  heads: DhtHeads<string>
  providers: Providers
  validator: HeadValidator
  /** What its meter has counted. */
  figures: MeterReader
  rejected: { peer: string; kind: RejectedAnswer }[]
  /** Peers that answered with garbage. */
  garbled: Set<string>
  /** Runs `task` as if this node did not keep a copy of what is stored under `key`. */
  without<R>(key: string, task: () => Promise<R>): Promise<R>
}

/** What a node knows of its peers, beyond the network: hers are asked for, and told, as the engine's reputation is. */
export interface PeerMemory {
  rank?(peer: string): number | undefined
  onAnswer?(peer: string, answer: PeerAnswer | undefined): void
}

export interface DhtNetworkOptions {
  nodes: number
  seed?: number
  maxConnections?: number
  /**
   * `connected`: as our stack has it, only connected peers are in the table. `known`: as kad-dht has it, peers that were
   * reached once stay, and each hop may dial them.
   */
  table?: 'connected' | 'known'
  conditions?: Partial<LinkConditions>
  /** Made for each node; without it all peers are alike. */
  memory?(): PeerMemory
}

/** Each node dials so many of its closest, and so many in each bucket; the others' dials double that. */
const near = 5
const perBucket = 2

/** In networks larger than this it is one a bucket: each node is to have about 20 connections, as a tab has. */
const sparseFrom = 200

/** Dials at once while the network is set up: more only wait for the processor. */
const setUpDials = 16

export const createDhtNetwork = async (options: DhtNetworkOptions) => {
  const { nodes: count, seed = 1, maxConnections = 64, table = 'connected' } = options
  const conditions: LinkConditions = { delayMs: 20, jitterMs: 0, loss: 0, retransmitMs: 200, ...options.conditions }
  // No delay while it is set up.
  const links = createLinks(seed, { ...conditions, delayMs: 0, jitterMs: 0, loss: 0 })
  const dead = new Set<string>()
  const stops: (() => void)[] = []
  let isSettingUp = true
  let groupByPeer = new Map<string, number>()
  const applyCuts = (): void =>
    links.cut((from, to) => dead.has(from) || dead.has(to) || groupByPeer.get(from) !== groupByPeer.get(to))

  const start = async (index: number): Promise<DhtNode> => {
    const validator = createHeadValidator(webCrypto)
    const datastore = createBoundedDatastore(tabDatastore)
    const keySeed = new Uint8Array(32)
    new DataView(keySeed.buffer).setUint32(0, seed)
    new DataView(keySeed.buffer).setUint32(4, index + 1)
    const node = await createLibp2p({
      privateKey: await generateKeyPairFromSeed('Ed25519', keySeed),
      datastore,
      logger: silentLogger,
      addresses: { listen: [`/memory/dht-${networks}-${index}`] },
      transports: [links.transport],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      connectionManager: { maxConnections, maxIncomingPendingConnections: 1_000, reconnectRetries: 0 },
      connectionMonitor: { enabled: false },
      services: {
        identify: identify({ runOnConnectionOpen: false }),
        ping: (components: Parameters<ReturnType<typeof ping>>[0]) => {
          const service = ping()(components)
          const send = service.ping.bind(service)
          service.ping = (peer, pingOptions) => (isSettingUp ? Promise.resolve(0) : send(peer, pingOptions))
          return service
        },
        dht: table === 'connected' ? connectedDht(validator) : createDht(validator),
      },
    })
    const onOpen = ({ detail: connection }: CustomEvent<Connection>): void => {
      if (!isSettingUp) node.services.identify.identify(connection).catch(() => {})
    }
    node.addEventListener('connection:open', onOpen)
    stops.push(() => node.removeEventListener('connection:open', onOpen))
    if (table === 'connected') stops.push(forgetDisconnected(node))
    stopTagging(node.services.dht)
    const garbled: DhtNode['garbled'] = new Set()
    const rpc = createKadRpc(node, KAD_PROTOCOL, { onMalformed: (peer) => garbled.add(peer) })
    const { meter, reader: figures } = createInMemoryMeter()
    const telemetry = { ...noTelemetry, meter }
    const rejected: DhtNode['rejected'] = []
    const common = {
      telemetry,
      rpc,
      roundTrips: createRoundTrips(),
      now: () => performance.now(),
      ...options.memory?.(),
    }
    return {
      node,
      id: node.peerId.toString(),
      rpc,
      validator,
      figures,
      rejected,
      garbled,
      heads: createDhtHeads<string>({
        ...common,
        verify: verifyToText,
        newest: validator.newest,
        onRejectedAnswer: (peer, kind) => rejected.push({ peer, kind }),
      }),
      providers: createProviders(common),
      async without(key, task) {
        const bytes = new TextEncoder().encode(key)
        for await (const { key: place, value } of datastore.query({ prefix: '/dht/record' })) {
          if (Buffer.compare(Record.deserialize(value).key, bytes) !== 0) continue
          await datastore.delete(place)
          try {
            return await task()
          } finally {
            await datastore.put(place, value)
          }
        }
        return task()
      },
    }
  }

  networks += 1
  const nodes: DhtNode[] = []
  for (let index = 0; index < count; index += 1) nodes.push(await start(index))

  const alive = (): DhtNode[] => nodes.filter(({ id }) => !dead.has(id))

  /** What identify would tell one of the other, and what kad-dht does with it. */
  const introduce = async ({ node }: DhtNode, other: DhtNode): Promise<void> => {
    const { peerId } = other.node
    await node.peerStore.merge(peerId, { multiaddrs: other.node.getMultiaddrs(), protocols: other.node.getProtocols() })
    await addToTable(node.services.dht, peerId)
  }

  const pairs = await chooseLinks(
    nodes.map(({ node }) => node.peerId),
    { near, perBucket: count > sparseFrom ? 1 : perBucket, seed: seed + 1 },
  )
  const connectNext = async (): Promise<void> => {
    for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
      const [a, b] = [nodes[pair[0]], nodes[pair[1]]]
      if (a === undefined || b === undefined) continue
      try {
        await a.node.dial(b.node.getMultiaddrs())
      } catch {
        // A full node refuses; it has others.
      }
    }
  }
  await Promise.all(Array.from({ length: setUpDials }, connectNext))
  const nodeById = new Map(nodes.map((each) => [each.id, each]))
  for (const each of nodes) {
    const peers = each.node.getPeers().flatMap((peer) => nodeById.get(peer.toString()) ?? [])
    await Promise.all(peers.map((peer) => introduce(each, peer)))
  }

  /** Peers in the routing table of a node. */
  const tableSize = ({ node }: DhtNode): number => routingTableSize(node.services.dht)

  isSettingUp = false
  if (count <= sparseFrom) stops.push(...nodes.map(({ node }) => admitConnected(node)))
  Object.assign(links.conditions, conditions)

  return {
    nodes,
    alive,
    tableSize,
    conditions: links.conditions,
    /** From now on they answer nothing, and nobody is told: their connections stay open. */
    silence(victims: readonly DhtNode[]) {
      for (const { id } of victims) dead.add(id)
      applyCuts()
    },
    /** From now on each message from them takes this much longer, ms. */
    slow(victims: readonly DhtNode[], extraMs: number) {
      const slowed = new Set(victims.map(({ id }) => id))
      links.slow((from) => (slowed.has(from) ? extraMs : 0))
    },
    /** Nothing passes from one group to another. Nodes in no group are together. */
    partition(groups: readonly (readonly DhtNode[])[]) {
      groupByPeer = new Map(groups.flatMap((group, index) => group.map(({ id }) => [id, index])))
      applyCuts()
    },
    heal() {
      groupByPeer.clear()
      applyCuts()
    },
    async stop() {
      Object.assign(links.conditions, { delayMs: 0, jitterMs: 0, loss: 0 })
      // Closing takes an answer, which the dead do not give: their connections are dropped.
      for (const { node } of nodes)
        for (const connection of node.getConnections()) connection.abort(new Error('The network is stopped.'))
      for (const undo of stops) undo()
      await Promise.all(nodes.map(({ node }) => node.stop()))
    },
  }
}

export type DhtNetwork = Awaited<ReturnType<typeof createDhtNetwork>>

/** Every five seconds each node sorts its closest peers anew, which is nothing for one node and a core for a thousand. */
const stopTagging = (dht: KadDHT): void => {
  const tagger: unknown = Reflect.get(Reflect.get(dht, 'routingTable'), 'closestPeerTagger')
  const stop: unknown = Reflect.get(Object(tagger), 'stop')
  if (typeof stop === 'function') stop.call(tagger)
}

/** Memory addresses are global: each network has its own. */
let networks = 0
