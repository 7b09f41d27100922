import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { memory } from '@libp2p/memory'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { type ContentStore, createContentStore } from '../content/content-store.ts'
import type { FetchDependencies, PeerReport } from '../content/fetch-options.ts'
import { createPieceServer, type PieceServerDependencies, pieceHandlerOptions } from '../content/piece-server.ts'
import { PIECE_PROTOCOL } from '../protocol/protocols.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { createInMemoryMeter, type MeterReader } from '../telemetry/in-memory-meter.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'

/** Honest and dishonest libp2p nodes in this process that exchange content. */

export interface ContentPeer {
  readonly id: string
  readonly node: Libp2p
  readonly store: Store
  readonly content: ContentStore
  /** Reports of the piece server. */
  readonly served: { peer: string; kind: 'sent' | 'violation'; bytes: number; reason: string }[]
  /** Counts of its piece server. */
  readonly figures: MeterReader
}

export interface ContentPeerOptions {
  store?: Store
  /** Wraps the content of the server. */
  tamper?(content: ContentStore): PieceServerDependencies['content']
  /** Replaces the piece server. */
  handler?(stream: Stream, connection: Connection): void
}

export interface ContentNetwork {
  peer(options?: ContentPeerOptions): Promise<ContentPeer>
  /** The dependencies of `fetchContent` for `peer`, which finds `providers`; `reports` collects its reports. */
  dependencies(peer: ContentPeer, providers: readonly (ContentPeer | string)[]): FetchDependencies & Reported
  stop(): Promise<void>
}

export interface Reported {
  reports: ({ peer: string } & PeerReport)[]
}

let addresses = 0

export const createContentNetwork = (): ContentNetwork => {
  const nodes: Libp2p[] = []
  const addressById = new Map<string, string>()

  return {
    async peer({ store = createMemoryStore(), tamper, handler } = {}) {
      addresses += 1
      const address = `/memory/content-${addresses}`
      const node = await createLibp2p({
        addresses: { listen: [address] },
        transports: [memory()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
      })
      nodes.push(node)
      const id = node.peerId.toString()
      addressById.set(id, address)
      const content = createContentStore({ store, crypto: webCrypto })
      const served: ContentPeer['served'] = []
      const { meter, reader: figures } = createInMemoryMeter()
      const server = createPieceServer({
        telemetry: { ...noTelemetry, meter },
        content: tamper?.(content) ?? content,
        report: (peer, event) => served.push({ peer, bytes: 0, reason: '', ...event }),
      })
      await node.handle(
        PIECE_PROTOCOL,
        handler ?? ((stream, connection) => server.handle(stream, connection.remotePeer.toString())),
        pieceHandlerOptions,
      )
      return { id, node, store, content, served, figures }
    },

    dependencies({ node, content }, providers) {
      const reports: Reported['reports'] = []
      return {
        telemetry: noTelemetry,
        content,
        reports,
        async *findProviders() {
          for (const provider of providers) yield typeof provider === 'string' ? provider : provider.id
        },
        async openStream(peer, { signal }) {
          const address = addressById.get(peer)
          if (address === undefined) throw new Error('nobody has this id')
          return node.dialProtocol(multiaddr(address), PIECE_PROTOCOL, { signal })
        },
        report: (peer, event) => reports.push({ peer, ...event }),
        now: () => performance.now(),
      }
    },

    async stop() {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}
