import type { HealthReason } from '../../contract/reasons.ts'

/**
 * The health of a connection, from answers to pings and the outcomes of requests. Pure. What to do about an unhealthy
 * connection is the pool's decision.
 */

export type HealthState = 'healthy' | 'degraded' | 'unhealthy'

export interface Health {
  state: HealthState
  /** Why it is not healthy. */
  reason?: HealthReason
}

/** Observations of one connection. Times are ms of one monotonic clock. */
export interface Vitals {
  /** The last sign of life: an answered ping or request, or the opening of the connection. */
  readonly aliveAt: number
  /** When it was last checked, or last showed a sign of life. */
  readonly checkedAt: number
  /** When it last served a request of either side. */
  readonly usedAt: number
  /** Smoothed round trip (ms); undefined until the first ping was answered. */
  readonly rttMs: number | undefined
  /** Unanswered pings since the last sign of life. */
  readonly lostPings: number
  /** Failed requests since the last success. */
  readonly failedRequests: number
}

/** How a request ended. `failed` means silence or a broken stream; “not found” is an answer. */
export type RequestOutcome = 'answered' | 'failed'

/** One ping can get lost while a transfer fills the link; after two without any sign of life the connection is dead. */
const pingsUntilDead = 2

/** Round trips above this (ms) count as unknown in the ranking of peers (docs/protocol.md §10). */
const slowRttMs = 1_000

/** One failed request may be chance; two in a row degrade the connection; after five the peer no longer serves. */
const failuresUntilDegraded = 2
const failuresUntilUnhealthy = 5

/** Weight of the newest round trip: about the last five count, as in reputation. */
const newestWeight = 0.3

export const newVitals = (now: number): Vitals => ({
  aliveAt: now,
  checkedAt: now,
  usedAt: now,
  rttMs: undefined,
  lostPings: 0,
  failedRequests: 0,
})

export const afterPong = (vitals: Vitals, rttMs: number, now: number): Vitals => ({
  ...vitals,
  aliveAt: now,
  checkedAt: now,
  lostPings: 0,
  rttMs: vitals.rttMs === undefined ? rttMs : vitals.rttMs + newestWeight * (rttMs - vitals.rttMs),
})

/** The ping sent at `sentAt` was not answered in time. */
export const afterLostPing = (vitals: Vitals, sentAt: number, now: number): Vitals =>
  // Another sign of life arrived meanwhile: the ping was late, not lost.
  vitals.aliveAt > sentAt
    ? { ...vitals, checkedAt: now }
    : { ...vitals, checkedAt: now, lostPings: vitals.lostPings + 1 }

export const afterRequest = (vitals: Vitals, outcome: RequestOutcome, now: number): Vitals =>
  outcome === 'answered'
    ? { ...vitals, aliveAt: now, checkedAt: now, usedAt: now, lostPings: 0, failedRequests: 0 }
    : { ...vitals, usedAt: now, failedRequests: vitals.failedRequests + 1 }

export const afterUse = (vitals: Vitals, now: number): Vitals => ({ ...vitals, usedAt: now })

export const healthOf = ({ lostPings, failedRequests, rttMs }: Vitals): Health => {
  if (lostPings >= pingsUntilDead) return { state: 'unhealthy', reason: { code: 'pings-lost', count: lostPings } }
  if (failedRequests >= failuresUntilUnhealthy)
    return { state: 'unhealthy', reason: { code: 'requests-failed', count: failedRequests } }
  if (lostPings > 0) return { state: 'degraded', reason: { code: 'pings-lost', count: lostPings } }
  if (failedRequests >= failuresUntilDegraded)
    return { state: 'degraded', reason: { code: 'requests-failed', count: failedRequests } }
  if (rttMs !== undefined && rttMs > slowRttMs)
    return { state: 'degraded', reason: { code: 'slow-round-trip', ms: Math.round(rttMs / 100) * 100 } }
  return { state: 'healthy' }
}
