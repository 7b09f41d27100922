import type { Operation } from '../telemetry/operation.ts'
import type { Contact, KadRpc } from './kad-rpc.ts'
import { lost } from './query.ts'
import type { RoundTrips } from './round-trips.ts'

/** How a peer answered: the time it took, dial included where it was not connected. */
export interface PeerAnswer {
  ms: number
  connected: boolean
}

export interface TimedRequestDependencies {
  wire: KadRpc
  roundTrips: RoundTrips
  now(): number
  /** How a peer did; undefined for one that did not answer in time. Not told of a question that nobody waits for any more. */
  onAnswer?(peer: string, answer: PeerAnswer | undefined): void
}

export type TimedRequest = <R>(
  peer: Contact,
  operation: Operation,
  ask: () => Promise<R | undefined>,
) => Promise<R | undefined>

/** Asks one peer, and takes the time. */
export const createTimedRequest =
  ({ wire, roundTrips, now, onAnswer }: TimedRequestDependencies): TimedRequest =>
  async (peer, { signal }, ask) => {
    const connected = wire.isConnected(peer.id)
    const start = now()
    const answer = await ask()
    const ms = now() - start
    if (answer !== undefined) {
      roundTrips.record(connected, ms)
      onAnswer?.(peer.id, { ms, connected })
    } else if (!signal.aborted || signal.reason === lost) onAnswer?.(peer.id, undefined)
    return answer
  }
