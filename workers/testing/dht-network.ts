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
import type { Telemetry } from '../telemetry/telemetry.ts'
import { createLinks, type LinkConditions } from './delayed-memory.ts'
import { chooseLinks } from './dht-links.ts'
import { verifyToText } from './head-source.ts'

/**
 * Real libp2p nodes with kad-dht in one process: the memory transport, noise, yamux, identify, our validator.
 *
 * They are connected as if all had joined. During setup, both sides receive the results of identify and ping directly,
 * because a thousand nodes would take minutes; later connections are identified and pinged normally.
 */

export interface DhtNode {
  node: Libp2p<{ identify: Identify; ping: Ping; dht: KadDHT }>
  id: string
  rpc: KadRpc
  heads: DhtHeads<string>
  providers: Providers
  validator: HeadValidator
  /** The counts of its meter. */
  figures: MeterReader
  rejected: { peer: string; kind: RejectedAnswer }[]
  /** Peers that answered with garbage. */
  garbled: Set<string>
  /** Runs `task` as if this node stored nothing under `key`. */
  without<R>(key: string, task: () => Promise<R>): Promise<R>
}

/** A node's experience with its peers, read and updated like the engine's reputation. */
export interface PeerMemory {
  rank?(peer: string): number | undefined
  onAnswer?(peer: string, answer: PeerAnswer | undefined): void
}

export interface DhtNetworkOptions {
  nodes: number
  seed?: number
  maxConnections?: number
  /**
   * `connected`, as in our stack: only connected peers are in the routing table. `known`, as in stock kad-dht: peers
   * that were reached once stay, and each hop may dial them.
   */
  table?: 'connected' | 'known'
  conditions?: Partial<LinkConditions>
  /** Creates the experience of each node; without it all peers are equal. */
  memory?(): PeerMemory
  /** Of all nodes. Default: a meter for each, which `figures` reads. */
  telemetry?: Telemetry
}

/** Peers that each node dials: the closest ones, and some per bucket. The dials of others double that. */
const near = 5
const perBucket = 2

/** Larger networks dial one peer per bucket, so that each node has about 20 connections, like a tab. */
const sparseFrom = 200

/** Concurrent dials during setup; more would only wait for the CPU. */
const setUpDials = 16

export const createDhtNetwork = async (options: DhtNetworkOptions) => {
  const { nodes: count, seed = 1, maxConnections = 64, table = 'connected' } = options
  const conditions: LinkConditions = { delayMs: 20, jitterMs: 0, loss: 0, retransmitMs: 200, ...options.conditions }
  // No delay during setup.
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
    const telemetry = options.telemetry ?? { ...noTelemetry, meter }
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

  /** Stores what identify would report, as kad-dht does. */
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
        // A full node refuses; it has other connections.
      }
    }
  }
  await Promise.all(Array.from({ length: setUpDials }, connectNext))
  const nodeById = new Map(nodes.map((each) => [each.id, each]))
  for (const each of nodes) {
    const peers = each.node.getPeers().flatMap((peer) => nodeById.get(peer.toString()) ?? [])
    await Promise.all(peers.map((peer) => introduce(each, peer)))
  }

  /** Counts the peers in the routing table of a node. */
  const tableSize = ({ node }: DhtNode): number => routingTableSize(node.services.dht)

  isSettingUp = false
  if (count <= sparseFrom) stops.push(...nodes.map(({ node }) => admitConnected(node)))
  Object.assign(links.conditions, conditions)

  return {
    nodes,
    alive,
    tableSize,
    conditions: links.conditions,
    /** Silences nodes: they answer nothing, but their connections stay open. */
    silence(victims: readonly DhtNode[]) {
      for (const { id } of victims) dead.add(id)
      applyCuts()
    },
    /** Delays all messages from these nodes (ms). */
    slow(victims: readonly DhtNode[], extraMs: number) {
      const slowed = new Set(victims.map(({ id }) => id))
      links.slow((from) => (slowed.has(from) ? extraMs : 0))
    },
    /** Cuts all traffic between groups. Nodes outside all groups form one more group. */
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
      // A graceful close needs an answer, which silent nodes do not give: their connections are dropped.
      for (const { node } of nodes)
        for (const connection of node.getConnections()) connection.abort(new Error('The network is stopped.'))
      for (const undo of stops) undo()
      await Promise.all(nodes.map(({ node }) => node.stop()))
    },
  }
}

export type DhtNetwork = Awaited<ReturnType<typeof createDhtNetwork>>

/**
 * Stops the task that sorts each node's closest peers every five seconds; for a thousand nodes it takes a whole core.
 */
const stopTagging = (dht: KadDHT): void => {
  const tagger: unknown = Reflect.get(Reflect.get(dht, 'routingTable'), 'closestPeerTagger')
  const stop: unknown = Reflect.get(Object(tagger), 'stop')
  if (typeof stop === 'function') stop.call(tagger)
}

/** Memory addresses are global, so each network needs its own. */
let networks = 0
