import type { Connection } from '@libp2p/interface'
import { relayedDurationMs } from '../stack/limits.ts'

/**
 * The remaining budget of a relayed connection. The relay closes it, with all its streams, after a number of bytes or a
 * duration, so one that is nearly used up is abandoned before and another is dialled.
 */

/** Reserve for other traffic (bytes): pings, catalogues, and overhead that only the relay counts. */
const reserveBytes = 256 * 1024

/** Reserve of time (ms), so that a request that starts can finish. */
const reserveMs = 60_000

/** True if a relayed connection that has been open for `ageMs` can carry `bytes` more. */
export const hasBudget = ({ limits }: Pick<Connection, 'limits'>, ageMs: number, bytes: number): boolean =>
  ageMs < relayedDurationMs - reserveMs && (limits?.bytes === undefined || limits.bytes >= BigInt(bytes + reserveBytes))
