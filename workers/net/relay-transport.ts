import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import {
  type Connection,
  type Libp2pEvents,
  type PeerId,
  type PeerInfo,
  type Transport,
  TypedEventEmitter,
} from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import {
  isRefusedUntilNextListener,
  type ReservationStore,
  reservationStore,
} from '../libp2p-internals/circuit-relay.ts'
import { createSemaphore } from '../stack/semaphore.ts'
import type { Operation } from '../telemetry/operation.ts'

type Components = Parameters<ReturnType<typeof circuitRelayTransport>>[0]

export interface RelayTransport {
  /** The transport for libp2p; call once per node. */
  transport(components: Components): Transport
  /**
   * Ensures a reservation at a connected relay. Rejects with the error of the relay or the transport.
   */
  reserve(relay: PeerId): Promise<void>
  /**
   * Opens another relayed connection. A dial through the node would join a running direct dial to the same peer and
   * wait for its end.
   */
  dial(address: Multiaddr, operation: Operation): Promise<Connection>
}

/**
 * Concurrent reservations: more than there are relays, so that none is queued. When a reservation succeeds and no
 * listener waits for another, the store empties its queue, and queued requests never settle.
 */
const maxConcurrentReservations = 64

/** Limit for waiting until a listener can be added (ms); each reservation takes a round trip, or 2 s to fail. */
const listenTimeoutMs = 10_000

/** A listen address for one reservation at any relay. */
export const anyRelay = '/p2p-circuit'

/**
 * The circuit relay transport without relay discovery: while a reservation is missing, stock discovery walks the DHT at
 * random and dials every peer it meets, most of them tabs. Our relays are configured, and the relay set dials them.
 *
 * libp2p reserves a configured relay address only once (js-libp2p #3601). A reservation for a bare `/p2p-circuit`
 * listener can be renewed after each restart of the relay, so this transport uses those.
 */
export const createRelayTransport = (): RelayTransport => {
  let reservations: ReservationStore | undefined
  const listening = createSemaphore(1)
  let addListener: () => Promise<void> = () => Promise.resolve()
  let dial: RelayTransport['dial'] = () => Promise.reject(new Error('Relayed connections are not available.'))

  return {
    transport(components) {
      const transport = circuitRelayTransport({ reservationConcurrency: maxConcurrentReservations })({
        peerId: components.peerId,
        upgrader: components.upgrader,
        addressManager: components.addressManager,
        connectionGater: components.connectionGater,
        peerStore: components.peerStore,
        connectionManager: components.connectionManager,
        transportManager: components.transportManager,
        registrar: components.registrar,
        logger: components.logger,
        randomWalk: { walk: noPeers },
        events: closeEventsOf(components.events),
      })
      reservations = reservationStore(transport)
      const { transportManager } = components
      addListener = () => transportManager.listen([multiaddr(anyRelay)])
      dial = (address, { signal }) => transportManager.dial(address, { signal })
      return transport
    },

    dial: (address, operation) => dial(address, operation),

    async reserve(relay) {
      if (reservations === undefined) throw new Error('Reservations are not available.')
      try {
        await reservations.addRelay(relay, 'discovered')
      } catch (error) {
        if (!isRefusedUntilNextListener(error)) throw error
        // A new listener clears the store's list of failed relays and needs one more reservation. One at a time, so
        // that another relay does not take it.
        await listening.run(AbortSignal.timeout(listenTimeoutMs), async () => {
          await addListener()
          await reservations?.addRelay(relay, 'discovered')
        })
      }
    },
  }
}

/** Passes only `connection:close`, which ends reservations: on `peer:discovery` the transport would dial. */
const closeEventsOf = (events: Components['events']): Components['events'] => {
  const closings = new TypedEventEmitter<Libp2pEvents>()
  events.addEventListener('connection:close', ({ detail }) => {
    closings.safeDispatchEvent('connection:close', { detail })
  })
  return closings
}

async function* noPeers(): AsyncGenerator<PeerInfo> {}
