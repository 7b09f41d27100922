import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p, type Libp2p } from 'libp2p'
import { webCrypto } from '../../workers/stack/web-crypto.ts'
import type { SyncCatalogue } from '../../workers/sync/replica.ts'
import { startSync } from '../../workers/sync/sync.ts'
import { noTelemetry } from '../../workers/telemetry/no-telemetry.ts'

/**
 * Connects two nodes of this process, each with a catalogue, by a WebSocket on the loopback. Measures the time from the
 * dial until `isComplete` holds after an exchange, and the time of a second exchange without changes.
 */
export const connectOverWebSocket = async (
  full: SyncCatalogue,
  empty: SyncCatalogue,
  isComplete: () => boolean,
): Promise<{ tookMs: number; equalMs: number }> => {
  let onExchange = (): void => {}
  let onFailure = (_failure: unknown): void => {}
  const start = async (catalogue: SyncCatalogue) => {
    const node = await startNode()
    const sync = await startSync({
      telemetry: noTelemetry,
      directComes: false,
      node,
      catalogue,
      sha256: webCrypto.sha256,
      random: Math.random,
      async openStream(peer, protocol, { signal }) {
        const connection = node.getConnections().find(({ remotePeer }) => remotePeer.toString() === peer)
        if (connection === undefined) throw new Error('not connected')
        return connection.newStream(protocol, { signal })
      },
      onExchange(_, outcome) {
        if ('failure' in outcome) onFailure(outcome.failure)
        else onExchange()
      },
    })
    return { node, sync }
  }
  const [left, right] = [await start(full), await start(empty)]
  const ended = (holds: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      onFailure = reject
      onExchange = () => {
        if (holds()) resolve()
      }
    })
  try {
    const [address] = left.node.getMultiaddrs()
    if (address === undefined) throw new Error('The node has no address.')
    const started = performance.now()
    const all = ended(isComplete)
    await right.node.dial(address)
    await all
    const tookMs = performance.now() - started
    const again = ended(() => true)
    const secondStarted = performance.now()
    right.sync.syncNow()
    await again
    return { tookMs, equalMs: performance.now() - secondStarted }
  } finally {
    for (const { node, sync } of [left, right]) {
      await sync.stop()
      await node.stop()
    }
  }
}

const startNode = async (): Promise<Libp2p> =>
  createLibp2p({
    privateKey: await generateKeyPair('Ed25519'),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() },
  })
