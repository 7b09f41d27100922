import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerInfo, PrivateKey } from '@libp2p/interface'
import { createRelay, type Relay } from '../../relay/create-relay.ts'
import { requestClosestPeers } from '../dht/closest-peers.ts'
import { createKadRpc } from '../dht/kad-rpc.ts'
import type { BootstrapSteps } from '../net/bootstrap.ts'
import { createNode, type PeerNode } from '../net/create-node.ts'
import { createPeerFinder, type PeerFinder } from '../net/peer-finder.ts'
import { createPool, type Pool, type PoolOptions } from '../net/pool/pool.ts'
import { createRelaySet, type RelaySet } from '../net/relay-set.ts'
import { KAD_PROTOCOL } from '../protocol/protocols.ts'
import { webCrypto } from '../stack/web-crypto.ts'
import { noTelemetry } from '../telemetry/no-telemetry.ts'

/** Runs real relays and tabs over WebSockets in one process. */

export interface TestNode extends PeerNode {
  pool: Pool
  keeper: RelaySet
  finder: PeerFinder
  /** The reasons of failed relay steps, oldest first. */
  failures: string[]
}

export interface TestNodeOptions {
  /** Listens on a WebSocket, so that other tabs can reach it without a relay; a browser would use WebRTC. */
  direct?: boolean
  target?: number
  isBanned?(peerId: string): boolean
  /** Peers of earlier sessions. */
  knownPeers?: readonly PeerInfo[]
  pool?: Partial<PoolOptions>
  privateKey?: PrivateKey
  /** Records how it joins the network. */
  steps?: BootstrapSteps
}

/** `stopAll` stops everything that was started, in reverse order. */
export const createTestNetwork = () => {
  const stops: (() => Promise<void>)[] = []

  const startTab = async (relays: readonly string[], options: TestNodeOptions = {}): Promise<TestNode> => {
    const { direct = true, target, isBanned = () => false, knownPeers } = options
    const steps = options.steps === undefined ? {} : { steps: options.steps }
    const node = await createNode({
      telemetry: noTelemetry,
      privateKey: options.privateKey ?? (await generateKeyPair('Ed25519')),
      relays,
      crypto: webCrypto,
      iceServers: [],
      isBanned,
      webRtc: false,
      listen: direct ? ['/ip4/127.0.0.1/tcp/0/ws'] : [],
    })
    const failures: string[] = []
    const onChange = (): void => {}
    const onRelayChange = (): void => {
      for (const { dial, reservation } of keeper.relays())
        for (const { state, reason } of [dial, reservation])
          if (state === 'failed') failures.push(JSON.stringify(reason))
    }
    const keeper = createRelaySet(node, { relays, onChange: onRelayChange, ...steps })
    const pool = createPool(node, { onChange, ...options.pool })
    const rpc = createKadRpc(node.libp2p, KAD_PROTOCOL)
    const finder = createPeerFinder(node, pool, {
      onChange,
      avoid: isBanned,
      requestClosestPeers: (peer, key, operation) => requestClosestPeers(rpc, peer, key, operation),
      ...steps,
      ...(target === undefined ? {} : { target }),
      ...(knownPeers === undefined ? {} : { knownPeers }),
    })
    const stop = async (): Promise<void> => {
      keeper.stop()
      finder.stop()
      pool.stop()
      await node.stop()
    }
    stops.push(stop)
    return { ...node, pool, keeper, finder, failures, stop }
  }

  const startRelay = async (
    options: Partial<Pick<Parameters<typeof createRelay>[0], 'privateKey' | 'port' | 'validateAnnouncement'>> = {},
  ): Promise<Relay> => {
    const relay = await createRelay({
      privateKey: options.privateKey ?? (await generateKeyPair('Ed25519')),
      host: '127.0.0.1',
      port: options.port ?? 0,
      announce: [],
      crypto: webCrypto,
      validateAnnouncement: options.validateAnnouncement ?? (async () => ({ verdict: 'new', checks: 0 })),
    })
    stops.push(relay.stop)
    return relay
  }

  return {
    startTab,
    startRelay,
    async stopAll() {
      await Promise.all(stops.splice(0).map((stop) => stop()))
    },
  }
}

/** Timeout after which a condition counts as unreachable, even on a busy machine (ms). */
const hangMs = 100_000

/** Polls `holds` every `pollMs` until it returns true. Rejects after `timeoutMs` with the name of the condition. */
export const until = async (what: string, holds: () => boolean, timeoutMs = hangMs, pollMs = 10): Promise<void> => {
  const end = performance.now() + timeoutMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`Not within ${timeoutMs} ms: ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}
