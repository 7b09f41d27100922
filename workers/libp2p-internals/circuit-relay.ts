import type { PeerId, Transport } from '@libp2p/interface'
import { internalsOf } from './internals.ts'

/** Where the relay transport keeps its reservations. */
export interface ReservationStore {
  /** Reserves a slot at a relay, or finds that there is a reservation. */
  addRelay(relay: PeerId, type: 'discovered'): Promise<unknown>
}

interface Internals {
  readonly reservationStore: ReservationStore
}

const internals = internalsOf<Internals>('@libp2p/circuit-relay-v2', { 'reservationStore.addRelay': 'function' })

/** @throws InternalsChanged */
export const reservationStore = (transport: Transport): ReservationStore => internals(transport).reservationStore

/**
 * Whether the store refuses a relay until it has another listener to fill: the relay failed in a certain way before, or
 * all listeners have a reservation. The first of the two errors has no name of its own.
 */
export const isRefusedUntilNextListener = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'HadEnoughRelaysError' || error.message === 'The relay was previously invalid')
