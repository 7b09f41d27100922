import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import type { Step } from '../contract/views.ts'
import { createSemaphore } from '../stack/semaphore.ts'
import { peerOf } from './addresses.ts'
import type { PeerNode } from './create-node.ts'
import { createRelayConnection, type RelayAddress, type RelayConnection, type RelayState } from './relay-connection.ts'

/** Relays dialled at once: the first that answers is enough to begin, and a browser holds back more. */
const maxDials = 3

/** Relays after the first are dialled up to so many ms later, so that not all tabs come to all relays in one moment. */
const startJitterMs = 100

export interface RelaySet {
  relays(): RelayState[]
  /** Over all relays: the one that is furthest decides. */
  steps(): { relay: Step; reservation: Step }
  isRelay(peerId: string): boolean
  /** The relays are these from now on: new ones are tried, those that are not named any more are let go. */
  setRelays(relays: readonly string[]): void
  /** Tries every relay at once: the machine woke up, or went online. */
  wake(): void
  stop(): void
}

export interface RelaySetOptions {
  /** Multiaddrs with peer ids. */
  relays: readonly string[]
  onChange(): void
}

/**
 * Keeps a connection and a reservation at each of several relays, from before they are there until `stop`. Each is tried
 * on its own, at most three at once. Which relays there are may change while it runs: one that moved has a new address.
 *
 * libp2p itself reserves a configured relay address once, and redials a lost relay once (js-libp2p #3601). That a
 * connection to a relay died in silence is noticed by the pool, which closes it.
 */
export const createRelaySet = (node: PeerNode, { relays, onChange }: RelaySetOptions): RelaySet => {
  const { libp2p } = node
  const dials = createSemaphore(maxDials)
  let keepers = new Map<string, RelayConnection>()
  let stopped = false

  const keep = (address: string, isFirst: boolean): RelayConnection => {
    const relay = parseRelay(address)
    if (relay === undefined) return refuse(address)
    return createRelayConnection(node, relay, {
      onChange,
      inTurn: dials.run,
      delayMs: isFirst ? 0 : Math.random() * startJitterMs,
    })
  }

  const setRelays = (addresses: readonly string[]): void => {
    if (stopped) return
    const before = keepers
    // Names one may have twice; a new address of a known relay takes the place of the old one.
    keepers = new Map()
    for (const address of addresses) keepers.set(address, before.get(address) ?? keep(address, keepers.size === 0))
    for (const [address, keeper] of before) if (!keepers.has(address)) keeper.stop()
  }
  setRelays(relays)

  const onClose = ({ detail: connection }: CustomEvent<Connection>): void => {
    for (const keeper of keepers.values()) keeper.onConnectionClosed(connection.remotePeer)
  }
  libp2p.addEventListener('connection:close', onClose)

  const states = (): RelayState[] => [...keepers.values()].map(({ state }) => state())

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
      for (const keeper of keepers.values()) keeper.wake()
    },
    stop() {
      stopped = true
      libp2p.removeEventListener('connection:close', onClose)
      for (const keeper of keepers.values()) keeper.stop()
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

/** A relay that cannot be tried, because of what its address says. */
const refuse = (address: string): RelayConnection => ({
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
