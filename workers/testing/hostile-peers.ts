import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { type ContentStore, createContentStore } from '../content/content-store.ts'
import { createPieceServer, type PieceServerDependencies, pieceHandlerOptions } from '../content/piece-server.ts'
import { createAskPeersForPackages } from '../engine/ask-peers-for-packages.ts'
import { createContentKeeper } from '../engine/content-keeper.ts'
import { createInstalls, type Installs } from '../engine/installs.ts'
import { loadKeys, type ProfileKeys } from '../engine/keys.ts'
import { type Network, startNetwork } from '../engine/network.ts'
import { createQuerySource } from '../engine/query-source.ts'
import { noRelays } from '../engine/relay-directory.ts'
import { type Announcements, createAnnouncements } from '../gossip/announcements.ts'
import { readPackage } from '../packages/read-package.ts'
import { hasTemplates } from '../packages/templates.ts'
import { createReputation, type Reputation } from '../peers/reputation.ts'
import type { Entry } from '../protocol/entry.ts'
import { PIECE_PROTOCOL, SYNC_PROTOCOL } from '../protocol/protocols.ts'
import { createLibrary, type Library } from '../registry/library.ts'
import { createOutbox } from '../registry/outbox.ts'
import { createPublisher, type Published, type Publisher } from '../registry/publish.ts'
import { createRegistry, type IngestResult, type Registry } from '../registry/registry.ts'
import { createTransfers } from '../registry/transfers.ts'
import { createTrust } from '../registry/trust.ts'
import { createGossipLimits } from '../stack/gossip-limits.ts'
import { createHeadValidator } from '../stack/head-validator.ts'
import { type StackServices, stackServices } from '../stack/services.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import { type Store, tableNames } from '../store/store.ts'
import type { SyncCatalogue } from '../sync/replica.ts'
import { startSync } from '../sync/sync.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'
import { untraced } from '../telemetry/operation.ts'
import { giveEntries } from './hostile-sync.ts'
import { searchOver } from './query-peers.ts'

/**
 * Peers in this process, over real WebSockets: a tab as the engine makes it, honest peers that can be dialled, and nodes
 * that speak every protocol and keep to nothing.
 */

/** What one profile keeps, without any network. */
export interface Profile {
  readonly keys: ProfileKeys
  readonly store: Store
  readonly content: ContentStore
  readonly registry: Registry
  readonly publisher: Publisher
  readonly library: Library
  /** What the registry said to entries and announcements that came from peers. */
  readonly judged: Judged[]
  readonly catalogue: SyncCatalogue
  publish(slug: string, version: string, files?: Readonly<Record<string, Uint8Array>>): Promise<Published>
  /** Every row of the store but those about peers; equal before and after means that nothing changed. */
  rows(): Promise<Record<string, string>>
}

export interface Judged {
  from: string
  accepted: number
  names: string[]
}

/** A tab: what `create-engine` wires, without a page. It listens nowhere, as a tab without WebRTC. */
export interface TestEngine extends Profile {
  readonly id: string
  readonly network: Omit<Network, 'connect'> & { connect(address: string): Promise<void> }
  readonly installs: { install(specs: readonly string[]): ReturnType<Installs['install']> }
  readonly reputation: Reputation
}

/** An honest peer with an address; `exchanges` are the outcomes of its exchanges of catalogues, by failure name. */
export interface Stand extends Profile {
  readonly id: string
  readonly address: string
  readonly node: Libp2p<StackServices>
  readonly exchanges: { peer: string; failure: string | undefined }[]
  readonly announcements: Announcements
  announce(id: string): Promise<number>
}

/** A peer that does what a test says. */
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

export const createHostileNetwork = () => {
  const stops: (() => Promise<unknown>)[] = []

  const createProfile = async (name: string): Promise<Profile> => {
    const store = createMemoryStore()
    const keys = await loadKeys(store, webCrypto, name)
    const content = createContentStore({ store, crypto: webCrypto })
    const registry = createRegistry({ store, crypto: webCrypto, onChange() {} })
    const outbox = createOutbox({ store })
    const publisher = createPublisher({
      registry,
      outbox,
      hasTemplates,
      crypto: webCrypto,
      now: () => 1_700_000_000_000,
      identity: keys.identity,
      signer: keys.signer,
    })
    const library = createLibrary({ store })
    const judged: Judged[] = []
    const judge = (from: string, { accepted, failures }: IngestResult): void => {
      judged.push({ from, accepted, names: failures.map((failure) => failure.name) })
    }
    return {
      keys,
      store,
      content,
      registry,
      publisher,
      library,
      judged,
      catalogue: {
        watchIds: registry.watchEntryIds,
        entries: registry.entriesById,
        async ingest(entries, from) {
          const result = await registry.ingest(entries, { from })
          judge(from, result)
          return result
        },
      },
      async publish(slug, version, files = {}) {
        const manifest = `[package]\nname = "${slug}"\nversion = "${version}"\ndescription = "The ${slug} package"\n`
        const given = Object.entries({ 'package.toml': new TextEncoder().encode(manifest), ...files })
        const read = readPackage(
          given.map(([path, bytes]) => ({ path, bytes })),
          { knownVersions: registry.knownVersions },
        )
        const staged = await content.stage(read.files)
        return publisher.publish(read.check, {
          root: staged.root,
          size: staged.size,
          fileCount: read.files.length,
          changes: content.changes(staged),
        })
      },
      async rows() {
        const rows: Record<string, string> = {}
        // What is thought of peers changes with what they do.
        for (const table of tableNames.filter((name) => name !== 'peers')) {
          for (const [key, value] of await store.entries(table)) {
            rows[`${table} ${key}`] = Buffer.from(await webCrypto.sha256(value)).toString('hex')
          }
        }
        return rows
      },
    }
  }

  const startEngine = async (name: string): Promise<TestEngine> => {
    const profile = await createProfile(name)
    const { keys, content, registry, library, store, catalogue, judged } = profile
    const stopping = new AbortController()
    const reputation = createReputation({ store, now: Date.now, random: Math.random })
    const network = await startNetwork({
      telemetry: noTelemetry,
      now: Date.now,
      keys,
      crypto: webCrypto,
      relays: noRelays,
      iceServers: [],
      webRtc: false,
      content,
      catalogue,
      reputation,
      async receive(announcement, from) {
        const outcome = await registry.receiveAnnouncement(announcement, { from })
        const { verdict, failure } = outcome
        judged.push({ from, accepted: verdict === 'new' ? 1 : 0, names: failure === undefined ? [] : [failure.name] })
        return outcome
      },
      queries: {
        source: createQuerySource({ registry, search: searchOver(registry) }),
        async ingest(entries, from) {
          const result = await registry.ingest(entries, { from })
          judged.push({ from, accepted: result.accepted, names: result.failures.map(({ name }) => name) })
          return result
        },
      },
      onChange() {},
      onAudience() {},
    })
    stops.push(async () => {
      stopping.abort()
      await network.stop()
      await reputation.stop()
    })
    const installs = createInstalls({
      telemetry: noTelemetry,
      registry,
      content,
      library,
      reputation,
      network: Promise.resolve(network),
      signal: stopping.signal,
      now: Date.now,
      askForUnknown: createAskPeersForPackages({ catalogue: registry, network: Promise.resolve(network) }),
      keeper: createContentKeeper({ content, library, published: () => ({ roots: new Set(), complete: true }) }),
      transfers: createTransfers({ store }),
      trust: createTrust({ store, self: keys.identity.publisherId }),
      onTransfer() {},
      onInstalled() {},
    })
    return {
      ...profile,
      id: keys.nodeId,
      network: { ...network, connect: (address) => network.connect(address, untraced()) },
      installs: { install: (specs) => installs.install(specs, {}, untraced()) },
      reputation,
    }
  }

  const startStand = async (name: string): Promise<Stand> => {
    const profile = await createProfile(name)
    const gossipLimits = createGossipLimits(() => performance.now())
    const node = await startNode(profile.keys.node, gossipLimits)
    const exchanges: Stand['exchanges'] = []
    const pieces = createPieceServer({ telemetry: noTelemetry, content: profile.content, report() {} })
    await node.handle(
      PIECE_PROTOCOL,
      (stream, connection) => pieces.handle(stream, connection.remotePeer.toString()),
      pieceHandlerOptions,
    )
    const announcements = createAnnouncements({
      telemetry: noTelemetry,
      now: Date.now,
      pubsub: node.services.pubsub,
      receive: (announcement, from) => profile.registry.receiveAnnouncement(announcement, { from }),
      limits: gossipLimits,
      onSubscriber() {},
    })
    const sync = await startSync({
      telemetry: noTelemetry,
      directComes: false,
      node,
      catalogue: profile.catalogue,
      sha256: webCrypto.sha256,
      openStream: async (peer, protocol, { signal }) => connectionTo(node, peer).newStream(protocol, { signal }),
      onExchange(peer, outcome) {
        const failure = 'failure' in outcome ? outcome.failure : undefined
        exchanges.push({ peer, failure: failure instanceof Error ? failure.name : undefined })
      },
      random: Math.random,
    })
    stops.push(async () => {
      await sync.stop()
      announcements.stop()
      pieces.stop()
      await node.stop()
    })
    return {
      ...profile,
      id: node.peerId.toString(),
      address: addressOf(node),
      node,
      exchanges,
      announcements,
      async announce(id) {
        const bytes = profile.registry.announcementFor(id)
        return bytes === undefined ? 0 : announcements.publish(bytes)
      },
    }
  }

  const startHostile = async (): Promise<Hostile> => {
    const node = await startNode(await generateKeyPair('Ed25519'))
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
  }

  return {
    createProfile,
    startEngine,
    startStand,
    startHostile,
    async stopAll() {
      await Promise.all(stops.splice(0).map((stop) => stop()))
    },
  }
}

const startNode = async (
  privateKey: ProfileKeys['node'],
  gossipLimits = createGossipLimits(() => performance.now()),
): Promise<Libp2p<StackServices>> =>
  createLibp2p<StackServices>({
    privateKey,
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // All of a test come from one address.
    connectionManager: { inboundConnectionThreshold: 1_000 },
    services: stackServices({ heads: createHeadValidator(webCrypto), gossipLimits }),
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
