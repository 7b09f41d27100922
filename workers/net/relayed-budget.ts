import type { Connection } from '@libp2p/interface'
import { relayedDurationMs } from '../stack/limits.ts'

/**
 * What is left of a relayed connection: its relay ends it, with every stream on it, when it has carried a number of
 * bytes or been open for a time. One that is nearly used up is left before that, and another is dialled.
 */

/** Kept for what else the connection carries (bytes): pings, catalogues, and what is counted by the relay and not here. */
const reserveBytes = 256 * 1024

/** Kept of its time (ms): a request that begins shall also end. */
const reserveMs = 60_000

/** Whether a relayed connection that has been open for `ageMs` can carry `bytes` more. */
export const hasBudget = ({ limits }: Pick<Connection, 'limits'>, ageMs: number, bytes: number): boolean =>
  ageMs < relayedDurationMs - reserveMs && (limits?.bytes === undefined || limits.bytes >= BigInt(bytes + reserveBytes))
