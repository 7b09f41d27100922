import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { type Identify, identify } from '@libp2p/identify'
import type { Libp2p, PeerId } from '@libp2p/interface'
import type { KadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { type Ping, ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { sha256 } from 'multiformats/hashes/sha2'
import { createHeads, type FoundHead, type Heads, type LookupReport, type Misanswer } from '../dht/heads.ts'
import { createProviders, type Providers } from '../dht/providers.ts'
import { createRoundTrips } from '../dht/round-trips.ts'
import { createWire, type Wire } from '../dht/wire.ts'
import { encodeDhtValue, verifyDhtValue } from '../protocol/dht-value.ts'
import { buildHead, signHead } from '../protocol/head.ts'
import { createIdentity } from '../protocol/identity.ts'
import { headKey } from '../protocol/ids.ts'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import { createBoundedDatastore } from '../stack/bounded-datastore.ts'
import { createHeadValidator, type HeadValidator } from '../stack/head-validator.ts'
import { tabDatastore } from '../stack/limits.ts'
import { admitConnected, forgetDisconnected, routingTableSize } from '../stack/routing-table.ts'
import { connectedDht, createDht } from '../stack/services.ts'
import { createSigner, webCrypto } from '../stack/web-crypto.ts'
import { createLinks, createRandom, type LinkConditions } from './delayed-memory.ts'

/** Real libp2p nodes with kad-dht in one process: the memory transport, noise, yamux, identify, our validator. */

export interface DhtNode {
  node: Libp2p<{ identify: Identify; ping: Ping; dht: KadDHT }>
  id: string
  wire: Wire
  heads: Heads<string>
  providers: Providers
  validator: HeadValidator
  /** What its lookups have told, oldest first. */
  lookups: LookupReport[]
  misanswers: { peer: string; kind: Misanswer }[]
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
  rank?(peer: string): number | undefined
}

/** Each node dials so many of its closest, and so many in each bucket: what a walk to itself and a refresh find. */
const nearLinks = 5
const bucketLinks = 2

/** Dials at once while the network is set up: more only wait for the processor. */
const setUpDials = 16

export const createDhtNetwork = async (options: DhtNetworkOptions) => {
  const { nodes: count, seed = 1, maxConnections = 64, table = 'connected' } = options
  const conditions: LinkConditions = { delayMs: 20, jitterMs: 0, loss: 0, retransmitMs: 200, ...options.conditions }
  // No delay while it is set up.
  const links = createLinks(seed, { ...conditions, delayMs: 0, jitterMs: 0, loss: 0 })
  const dead = new Set<string>()
  const stops: (() => void)[] = []
  let groupByPeer = new Map<string, number>()
  const applyCuts = (): void =>
    links.cut((from, to) => dead.has(from) || dead.has(to) || groupByPeer.get(from) !== groupByPeer.get(to))

  const start = async (index: number): Promise<DhtNode> => {
    const validator = createHeadValidator(webCrypto)
    const keySeed = new Uint8Array(32)
    new DataView(keySeed.buffer).setUint32(0, seed)
    new DataView(keySeed.buffer).setUint32(4, index + 1)
    const node = await createLibp2p({
      privateKey: await generateKeyPairFromSeed('Ed25519', keySeed),
      datastore: createBoundedDatastore(tabDatastore),
      addresses: { listen: [`/memory/dht-${networks}-${index}`] },
      transports: [links.transport],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: { denyDialMultiaddr: () => false },
      connectionManager: { maxConnections, maxIncomingPendingConnections: 1_000, reconnectRetries: 0 },
      connectionMonitor: { enabled: false },
      services: {
        identify: identify(),
        ping: ping(),
        dht: table === 'connected' ? connectedDht(validator) : createDht(validator),
      },
    })
    stops.push(admitConnected(node), ...(table === 'connected' ? [forgetDisconnected(node)] : []))
    const wire = createWire(node, KAD_PROTOCOL)
    const lookups: LookupReport[] = []
    const misanswers: DhtNode['misanswers'] = []
    const common = {
      wire,
      roundTrips: createRoundTrips(),
      now: () => performance.now(),
      ...(options.rank === undefined ? {} : { rank: options.rank }),
    }
    return {
      node,
      id: node.peerId.toString(),
      wire,
      validator,
      lookups,
      misanswers,
      heads: createHeads<string>({
        ...common,
        verify: verifyToText,
        newest: validator.newest,
        onMisanswer: (peer, kind) => misanswers.push({ peer, kind }),
        onLookup: (report) => lookups.push(report),
      }),
      providers: createProviders(common),
    }
  }

  networks += 1
  const nodes: DhtNode[] = []
  for (let index = 0; index < count; index += 1) nodes.push(await start(index))

  const alive = (): DhtNode[] => nodes.filter(({ id }) => !dead.has(id))

  /** Dials what a joined node would have found; the nodes' own walks would take most of a bench's time. */
  const wire = async (): Promise<void> => {
    const random = createRandom(seed + 1)
    const places = await Promise.all(nodes.map(async (each) => ({ each, place: await place(each.node.peerId) })))
    const dials: (() => Promise<unknown>)[] = []
    const dialled = new Set<string>()
    for (const own of places) {
      const others = places
        .filter((other) => other !== own)
        .map((other) => ({ ...other, distance: xor(other.place, own.place), order: random() }))
        .sort((a, b) => compare(a.distance, b.distance))
      const chosen = new Set(others.slice(0, nearLinks))
      const perBucket = new Map<number, number>()
      for (const other of [...others].sort((a, b) => a.order - b.order)) {
        const bucket = leadingZeros(other.distance)
        const taken = perBucket.get(bucket) ?? 0
        if (taken >= bucketLinks) continue
        perBucket.set(bucket, taken + 1)
        chosen.add(other)
      }
      for (const { each } of chosen) {
        const pair = [own.each.id, each.id].sort().join()
        if (dialled.has(pair)) continue
        dialled.add(pair)
        dials.push(() => own.each.node.dial(each.node.getMultiaddrs()))
      }
    }
    await Promise.all(
      Array.from({ length: setUpDials }, async () => {
        // A full node refuses; it has others.
        for (let dial = dials.shift(); dial !== undefined; dial = dials.shift()) await dial().catch(() => {})
      }),
    )
  }
  await wire()

  /** Peers in the routing table of a node. */
  const tableSize = ({ node }: DhtNode): number => routingTableSize(node.services.dht)

  // Identify and one ping per connection have to pass; a full bucket may keep some out.
  const settled = (): boolean => nodes.every((each) => tableSize(each) >= Math.min(8, each.node.getPeers().length))
  for (const end = performance.now() + 30_000; !settled() && performance.now() < end; )
    await new Promise((resolve) => setTimeout(resolve, 20))
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

/** Memory addresses are global: each network has its own. */
let networks = 0

const verifyToText = async (key: Uint8Array, value: Uint8Array): Promise<FoundHead<string> | undefined> => {
  const found = await verifyDhtValue(key, value, webCrypto)
  if (!found.ok) return undefined
  const { identity, head } = found.value
  return { identitySeq: identity.seq, seq: head.head.seq, value: `${head.head.slug} ${head.head.seq}` }
}

/** A publisher with real keys, for values that the validator takes. */
export const createHeadSource = async (seed: number) => {
  const bytes = (offset: number): Uint8Array => {
    const out = new Uint8Array(32).fill(7)
    new DataView(out.buffer).setUint32(0, seed * 2 + offset)
    return out
  }
  const signer = await createSigner(bytes(0))
  const rotation = await createSigner(bytes(1))
  const identity = await createIdentity(
    { name: `publisher-${seed}`, rotation, signingKey: signer.publicKey },
    webCrypto,
  )
  const publisher = identity.publisherId
  return {
    key: (slug: string): string => headKey(publisher, slug),
    async value(slug: string, seq: number): Promise<Uint8Array> {
      const versions = [{ version: '1.0.0', release: new Uint8Array(32).fill(seq) }]
      const built = await buildHead({ publisher, slug, seq, versions }, webCrypto)
      return encodeDhtValue(identity, await signHead(built.head, signer, webCrypto))
    },
  }
}

const place = async (peer: PeerId): Promise<Uint8Array> => (await sha256.digest(peer.toMultihash().bytes)).digest

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, index) => byte ^ (b[index] ?? 0))

const compare = (a: Uint8Array, b: Uint8Array): number => {
  for (let index = 0; index < a.length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const leadingZeros = (bytes: Uint8Array): number => {
  const index = bytes.findIndex((byte) => byte !== 0)
  return index < 0 ? bytes.length * 8 : index * 8 + Math.clz32(bytes[index] ?? 0) - 24
}
