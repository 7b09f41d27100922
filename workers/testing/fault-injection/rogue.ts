import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import type { Entry } from '../../protocol/entry.ts'
import { PACKAGES_TOPIC, SYNC_PROTOCOL } from '../../protocol/protocols.ts'
import { createHeadValidator } from '../../stack/head-validator.ts'
import { type StackServices, stackServices } from '../../stack/services.ts'
import { webCrypto } from '../../stack/web-crypto.ts'
import { giveEntries } from '../hostile-sync.ts'
import type { EngineNetwork } from '../network.ts'

/** A peer among engines that has the services of every peer and no engine: it does what a test says. */
export interface Rogue {
  readonly node: Libp2p<StackServices>
  readonly id: string
  readonly address: string
  meet(peer: { readonly address: string }): Promise<void>
  connectionTo(peer: { readonly id: string }): Connection | undefined
  /** Takes the place of what answers a protocol. */
  answer(protocol: string, handler: (stream: Stream, connection: Connection) => void): Promise<void>
  /** Begins an exchange of catalogues and gives these entries in it. */
  give(peer: { readonly id: string }, entries: readonly Entry[]): Promise<unknown>
  /** Hands a message to whoever follows the announcements; tells to how many. */
  announce(message: Uint8Array): Promise<number>
  stop(): Promise<void>
}

let rogues = 0

export const startRogue = async (network: EngineNetwork): Promise<Rogue> => {
  rogues += 1
  const listen = `/memory/rogue-${rogues}`
  const node = await createLibp2p<StackServices>({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: [listen] },
    transports: [network.transport],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: stackServices({ heads: createHeadValidator(webCrypto) }),
  })
  node.services.pubsub.subscribe(PACKAGES_TOPIC)
  const id = node.peerId.toString()
  const connectionTo: Rogue['connectionTo'] = (peer) =>
    node.getConnections().find(({ remotePeer, status }) => status === 'open' && remotePeer.toString() === peer.id)
  return {
    node,
    id,
    address: `${listen}/p2p/${id}`,
    connectionTo,
    async meet({ address }) {
      await node.dial(multiaddr(address))
    },
    async answer(protocol, handler) {
      await node.handle(protocol, handler, { force: true, maxInboundStreams: 64 })
    },
    async give(peer, entries) {
      const stream = await connectionTo(peer)?.newStream(SYNC_PROTOCOL)
      if (stream === undefined) throw new Error('not connected')
      return giveEntries(stream, entries, peer.id)
    },
    async announce(message) {
      const { recipients } = await node.services.pubsub.publish(PACKAGES_TOPIC, message)
      return recipients.length
    },
    async stop() {
      await node.stop()
    },
  }
}
