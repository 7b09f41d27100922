import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { GossipSub } from '@libp2p/gossipsub'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { type Announcements, createAnnouncements } from '../gossip/announcements.ts'
import type { CryptoProvider } from '../protocol/crypto.ts'
import { PACKAGES_TOPIC } from '../protocol/protocols.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import { createGossipRateLimits, type GossipRates, gossipRates } from '../stack/gossip-rate-limits.ts'
import { createHeadValidator } from '../stack/head-validator.ts'
import { type StackServices, stackServices } from '../stack/services.ts'
import type { Verdict } from '../stack/topic-validator.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { createLinks, type LinkConditions } from './delayed-memory.ts'
import { createSeededRandom } from './seeded-random.ts'

/** Real nodes with the services and the catalogue of a tab, which gossip over links with delay and loss. */

export interface GossipNode {
  readonly node: Libp2p<StackServices>
  readonly id: string
  readonly registry: Registry
  readonly announcements: Announcements
  /** Verdicts of its catalogue on announcements, with their senders, oldest first. */
  readonly judged: { from: string; verdict: Verdict; id: string; at: number; checks: number }[]
  /** Peers that subscribed to the topic. */
  readonly audience: string[]
  /** Peers that it reported for flooding. */
  readonly floods: string[]
  /** Number of messages that gossipsub received, duplicates included. */
  received(): number
  meshPeers(): string[]
  scoreOf(peer: string): number
}

export interface GossipNetworkOptions {
  nodes: number
  seed?: number
  /** Number of random peers that each node dials; it has about twice as many connections. */
  dials?: number
  conditions?: Partial<LinkConditions>
  heartbeatMs?: number
  /** Replaces the real limits. */
  rates?: Partial<GossipRates>
  /** The clock of the rate limits (ms): real time, unless a test supplies its own. */
  now?(): number
  crypto?: CryptoProvider
  /** Default: records nothing. */
  telemetry?: Telemetry
  /** Pairs of indexes that dial each other, instead of random dials. */
  edges?: readonly (readonly [number, number])[]
}

/** With these, most nodes have 24 direct peers, at which a tab stops dialling. */
const defaultDials = 10

/** Concurrent dials during setup; more would only wait for the CPU. */
const setUpDials = 16

export const createGossipNetwork = async (options: GossipNetworkOptions) => {
  const { nodes: count, seed = 1, dials = defaultDials, crypto = webCrypto, telemetry = noTelemetry } = options
  const conditions: LinkConditions = { delayMs: 25, jitterMs: 0, loss: 0, retransmitMs: 200, ...options.conditions }
  // No delay during setup.
  const links = createLinks(seed, { ...conditions, delayMs: 0, jitterMs: 0, loss: 0 })
  const random = createSeededRandom(seed)
  networks += 1

  const start = async (index: number): Promise<GossipNode> => {
    const keySeed = new Uint8Array(32)
    new DataView(keySeed.buffer).setUint32(0, seed)
    new DataView(keySeed.buffer).setUint32(4, index + 1)
    const limits = createGossipRateLimits(options.now ?? (() => performance.now()), {
      ...gossipRates,
      ...options.rates,
    })
    const floods: string[] = []
    const audience: string[] = []
    const node = await createLibp2p<StackServices>({
      privateKey: await generateKeyPairFromSeed('Ed25519', keySeed),
      addresses: { listen: [`/memory/gossip-${networks}-${index}`] },
      transports: [links.transport],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      connectionManager: {
        maxIncomingPendingConnections: 1_000,
        inboundConnectionThreshold: 1_000,
        reconnectRetries: 0,
      },
      connectionMonitor: { enabled: false },
      services: stackServices({
        heads: createHeadValidator(crypto),
        gossipLimits: limits,
        onFlood(peer) {
          floods.push(peer)
          for (const connection of node.getConnections())
            if (connection.remotePeer.toString() === peer) connection.abort(new Error('It floods.'))
        },
        ...(options.heartbeatMs === undefined ? {} : { heartbeatMs: options.heartbeatMs }),
      }),
    })
    const registry = createRegistry({ store: createMemoryStore(), crypto, onChange() {} })
    const judged: GossipNode['judged'] = []
    const { pubsub } = node.services
    const announcements = createAnnouncements({
      telemetry,
      now: Date.now,
      pubsub,
      limits,
      onSubscriber: (peer) => audience.push(peer),
      async receive(announcement, from) {
        const outcome = await registry.receiveAnnouncement(announcement, { from })
        const { verdict, id = '', checks } = outcome
        judged.push({ from, verdict, id, checks, at: performance.now() })
        return outcome
      },
    })
    const internals = pubsub as unknown as Internals
    const handle = internals.handleReceivedMessage.bind(pubsub)
    let received = 0
    internals.handleReceivedMessage = (...given) => {
      received += 1
      return handle(...given)
    }
    return {
      node,
      id: node.peerId.toString(),
      registry,
      announcements,
      judged,
      floods,
      audience,
      received: () => received,
      meshPeers: () => internals.getMeshPeers(PACKAGES_TOPIC),
      scoreOf: (peer) => internals.score.score(peer),
    }
  }

  const nodes: GossipNode[] = []
  for (let index = 0; index < count; index += 1) nodes.push(await start(index))

  const pairs = new Map<string, readonly [GossipNode, GossipNode]>()
  const join = (one: GossipNode | undefined, other: GossipNode | undefined): void => {
    if (one === undefined || other === undefined || one === other) return
    pairs.set([one.id, other.id].sort().join(), [one, other])
  }
  if (options.edges !== undefined) for (const [a, b] of options.edges) join(nodes[a], nodes[b])
  else
    for (const one of nodes) for (const other of pick(nodes, Math.min(dials, count - 1), one, random)) join(one, other)
  const toDial = [...pairs.values()]
  await Promise.all(
    Array.from({ length: setUpDials }, async () => {
      for (let pair = toDial.shift(); pair !== undefined; pair = toDial.shift())
        await pair[0].node.dial(pair[1].node.getMultiaddrs())
    }),
  )
  const isSubscribed = ([one, other]: readonly [GossipNode, GossipNode]): boolean =>
    follows(one.node.services.pubsub, other.id) && follows(other.node.services.pubsub, one.id)
  for (const end = performance.now() + 100_000; ![...pairs.values()].every(isSubscribed); ) {
    if (performance.now() > end) throw new Error('Not all peers of the test network follow each other.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  Object.assign(links.conditions, conditions)

  return {
    nodes,
    conditions: links.conditions,
    sent: links.sent,
    async stop() {
      Object.assign(links.conditions, { delayMs: 0, jitterMs: 0, loss: 0 })
      for (const { node, announcements } of nodes) {
        announcements.stop()
        for (const connection of node.getConnections()) connection.abort(new Error('The network is stopped.'))
      }
      await Promise.all(nodes.map(({ node }) => node.stop()))
    },
  }
}

export type GossipNetwork = Awaited<ReturnType<typeof createGossipNetwork>>

/** Memory addresses are global, so each network needs its own. */
let networks = 0

/** Internals of gossipsub. */
interface Internals {
  handleReceivedMessage(...given: unknown[]): Promise<void>
  getMeshPeers(topic: string): string[]
  readonly score: { score(peer: string): number }
}

const follows = (pubsub: GossipSub, peer: string): boolean =>
  pubsub.getSubscribers(PACKAGES_TOPIC).some((subscriber) => subscriber.toString() === peer)

const pick = (all: readonly GossipNode[], wanted: number, without: GossipNode, random: () => number): GossipNode[] => {
  const rest = all.filter((each) => each !== without)
  return Array.from({ length: wanted }, () => rest.splice(Math.floor(random() * rest.length), 1)).flat()
}
