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
  /** For libp2p; once per node. */
  transport(components: Components): Transport
  /**
   * Gets a reservation at a connected relay, or finds that there is one. Rejects with the relay's or the transport's
   * error.
   */
  reserve(relay: PeerId): Promise<void>
  /**
   * Makes one more relayed connection. A dial of the node itself would join one for a direct connection that is under way
   * to the same peer, and wait for its end.
   */
  dial(address: Multiaddr, operation: Operation): Promise<Connection>
}

/**
 * Reservations being made at once: as many as there are relays ever, because when one comes about and no listener waits for
 * another, the store empties its queue, and whoever stood in it waits for good.
 */
const maxAtOnce = 64

/** A reservation waits so long for its turn, ms; each takes a round trip, or 2 s to fail. */
const turnTimeoutMs = 10_000

/** A listen address that stands for one reservation at any relay. */
export const anyRelay = '/p2p-circuit'

/**
 * The circuit relay transport, without its own search for relays: while a reservation is missing, stock discovery walks
 * the DHT at random and dials every peer that it meets, each of which may be a tab. Relays are configured, and the
 * relay keeper dials them.
 *
 * A reservation for a configured relay address would be made once and never again (js-libp2p #3601). One that fills a
 * bare `/p2p-circuit` listener can be made again after each restart of the relay, so those are used.
 */
export const createRelayTransport = (): RelayTransport => {
  let reservations: ReservationStore | undefined
  const listening = createSemaphore(1)
  let listenForOne: () => Promise<void> = () => Promise.resolve()
  let dial: RelayTransport['dial'] = () => Promise.reject(new Error('Relayed connections are not available.'))

  return {
    transport(components) {
      const transport = circuitRelayTransport({ reservationConcurrency: maxAtOnce })({
        peerId: components.peerId,
        upgrader: components.upgrader,
        addressManager: components.addressManager,
        connectionGater: components.connectionGater,
        peerStore: components.peerStore,
        connectionManager: components.connectionManager,
        transportManager: components.transportManager,
        registrar: components.registrar,
        logger: components.logger,
        randomWalk: { walk: nobody },
        events: onlyClosings(components.events),
      })
      reservations = reservationStore(transport)
      const { transportManager } = components
      listenForOne = () => transportManager.listen([multiaddr(anyRelay)])
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
        // A new listener makes the store forget which relays failed it, and is one more reservation to fill; one after
        // the other, so that nobody else fills it.
        await listening.run(AbortSignal.timeout(turnTimeoutMs), async () => {
          await listenForOne()
          await reservations?.addRelay(relay, 'discovered')
        })
      }
    },
  }
}

/** Nothing but the closing of connections, which ends reservations: on `peer:discovery` the transport would dial. */
const onlyClosings = (events: Components['events']): Components['events'] => {
  const closings = new TypedEventEmitter<Libp2pEvents>()
  events.addEventListener('connection:close', ({ detail }) => {
    closings.safeDispatchEvent('connection:close', { detail })
  })
  return closings
}

async function* nobody(): AsyncGenerator<PeerInfo> {}
