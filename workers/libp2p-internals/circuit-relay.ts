import type { PeerId, Transport } from '@libp2p/interface'
import { internalsOf } from './internals.ts'

/** The reservation store of the relay transport. */
export interface ReservationStore {
  /** Reserves at a relay, or returns the existing reservation. */
  addRelay(relay: PeerId, type: 'discovered'): Promise<unknown>
}

interface Internals {
  readonly reservationStore: ReservationStore
}

const internals = internalsOf<Internals>('@libp2p/circuit-relay-v2', { 'reservationStore.addRelay': 'function' })

/** @throws InternalsChanged */
export const reservationStore = (transport: Transport): ReservationStore => internals(transport).reservationStore

/**
 * Whether the store rejects a relay until it has another listener without a reservation: the relay failed before, or all
 * listeners have a reservation. The first of these errors has no distinct name.
 */
export const isRefusedUntilNextListener = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'HadEnoughRelaysError' || error.message === 'The relay was previously invalid')
