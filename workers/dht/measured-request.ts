import type { Operation } from '../telemetry/operation.ts'
import { lost } from './kad-query.ts'
import type { Contact, KadRpc } from './kad-rpc.ts'
import type { RoundTrips } from './round-trips.ts'

/** Response time of a peer, with the dial if it was not connected. */
export interface PeerAnswer {
  ms: number
  connected: boolean
}

export interface MeasuredRequestDependencies {
  rpc: KadRpc
  roundTrips: RoundTrips
  now(): number
  /** Reports a peer's response time; undefined if it did not answer in time. Not called for a cancelled request. */
  onAnswer?(peer: string, answer: PeerAnswer | undefined): void
}

export type MeasuredRequest = <R>(
  peer: Contact,
  operation: Operation,
  ask: () => Promise<R | undefined>,
) => Promise<R | undefined>

/** Sends one request and measures its response time. */
export const createMeasuredRequest =
  ({ rpc, roundTrips, now, onAnswer }: MeasuredRequestDependencies): MeasuredRequest =>
  async (peer, { signal }, ask) => {
    const connected = rpc.isConnected(peer.id)
    const start = now()
    const answer = await ask()
    const ms = now() - start
    if (answer !== undefined) {
      roundTrips.record(connected, ms)
      onAnswer?.(peer.id, { ms, connected })
    } else if (!signal.aborted || signal.reason === lost) onAnswer?.(peer.id, undefined)
    return answer
  }
