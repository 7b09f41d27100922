import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Step } from '../contract/views.ts'
import { createSemaphore } from '../stack/semaphore.ts'
import { peerOf } from './addresses.ts'
import { type BootstrapSteps, untracedSteps } from './bootstrap.ts'
import type { PeerNode } from './create-node.ts'
import { createRelayConnection, type RelayAddress, type RelayConnection, type RelayState } from './relay-connection.ts'

/** Concurrent relay dials: the first answer is enough to start, and browsers throttle more. */
const maxDials = 3

/** Maximum delay before relays after the first are dialled (ms), so that tabs do not reach all relays at once. */
const startJitterMs = 100

export interface RelaySet {
  relays(): RelayState[]
  /** The steps of the relay that got furthest. */
  steps(): { relay: Step; reservation: Step }
  isRelay(peerId: string): boolean
  /** Replaces the relays: connects to new ones and stops maintaining removed ones. */
  setRelays(relays: readonly string[]): void
  /** Retries every relay at once: the machine woke up or went online. */
  wake(): void
  stop(): void
}

export interface RelaySetOptions {
  /** Multiaddrs with peer ids. */
  relays: readonly string[]
  onChange(): void
  /** Records dials and reservations while the node joins the network. */
  steps?: BootstrapSteps
}

/**
 * Maintains a connection and a reservation at each of several relays until `stop`, at most three dials at once. The
 * relays may change while it runs, for example when one moves to another address.
 *
 * libp2p itself reserves a configured relay address only once, and redials a lost relay only once (js-libp2p #3601).
 * The pool detects relay connections that died silently and closes them.
 */
export const createRelaySet = (
  node: PeerNode,
  { relays, onChange, steps = untracedSteps }: RelaySetOptions,
): RelaySet => {
  const { libp2p } = node
  const dials = createSemaphore(maxDials)
  let connections = new Map<string, RelayConnection>()
  let stopped = false

  const connect = (address: string, isFirst: boolean): RelayConnection => {
    const relay = parseRelay(address)
    if (relay === undefined) return invalidRelay(address)
    return createRelayConnection(node, relay, {
      onChange,
      steps,
      limitDial: dials.run,
      delayMs: isFirst ? 0 : Math.random() * startJitterMs,
    })
  }

  const setRelays = (addresses: readonly string[]): void => {
    if (stopped) return
    const before = connections
    // An address may be listed twice.
    connections = new Map()
    for (const address of addresses)
      connections.set(address, before.get(address) ?? connect(address, connections.size === 0))
    for (const [address, connection] of before) if (!connections.has(address)) connection.stop()
  }
  setRelays(relays)

  const onClose = ({ detail: { remotePeer } }: CustomEvent<Connection>): void => {
    for (const connection of connections.values()) connection.onConnectionClosed(remotePeer)
  }
  libp2p.addEventListener('connection:close', onClose)

  const states = (): RelayState[] => [...connections.values()].map(({ state }) => state())

  return {
    relays: states,
    steps() {
      const all = states()
      return {
        relay: furthest(all.map(({ dial }) => dial)),
        reservation: furthest(all.map((each) => each.reservation)),
      }
    },
    isRelay: node.isRelay,
    setRelays(addresses) {
      node.setRelays(addresses.filter((address) => parseRelay(address) !== undefined))
      setRelays(addresses)
      onChange()
    },
    wake() {
      for (const connection of connections.values()) connection.wake()
    },
    stop() {
      stopped = true
      libp2p.removeEventListener('connection:close', onClose)
      for (const connection of connections.values()) connection.stop()
    },
  }
}

const parseRelay = (text: string): RelayAddress | undefined => {
  try {
    const address = multiaddr(text)
    return { address, peer: peerIdFromString(peerOf(address) ?? '') }
  } catch {
    return undefined
  }
}

/** Stands for a relay whose address cannot be dialled. */
const invalidRelay = (address: string): RelayConnection => ({
  state: () => ({
    address,
    peerId: '',
    connected: false,
    reserved: false,
    dial: { state: 'failed', reason: { code: 'relay-malformed', address } },
    reservation: { state: 'waiting', reason: { code: 'relay-waiting' } },
  }),
  onConnectionClosed: () => {},
  wake: () => {},
  stop: () => {},
})

const rank: Record<Step['state'], number> = { ok: 3, working: 2, failed: 1, waiting: 0 }

const furthest = (steps: readonly Step[]): Step =>
  steps.reduce<Step | undefined>(
    (best, step) => (best === undefined || rank[step.state] > rank[best.state] ? step : best),
    undefined,
  ) ?? { state: 'failed', reason: { code: 'no-relay-configured' } }
