import type { HealthReason } from '../../contract/reasons.ts'

/**
 * How well a connection works, judged by what was seen of it: answers to pings, and how requests over it ended.
 *
 * Pure: whoever pings and asks tells it here, with the time. It does not say what to do about a bad connection.
 */

export type HealthState = 'healthy' | 'degraded' | 'unhealthy'

export interface Health {
  state: HealthState
  /** Why it is not healthy. */
  reason?: HealthReason
}

/** What was seen of one connection. Times are ms of one clock that never goes back. */
export interface Vitals {
  /** The last sign of life: an answered ping or request, or the connection itself coming about. */
  readonly aliveAt: number
  /** When it was last checked, or seen to work. */
  readonly checkedAt: number
  /** When it last served a request of either side. */
  readonly usedAt: number
  /** Round trip, smoothed, ms; undefined until the first ping was answered. */
  readonly rttMs: number | undefined
  /** Pings without answer since the last sign of life. */
  readonly lostPings: number
  /** Requests that failed since one succeeded. */
  readonly failedRequests: number
}

/** How a request ended. `failed` is silence or a broken stream; “I do not have it” is an answer. */
export type RequestOutcome = 'answered' | 'failed'

/** One ping can be lost in a busy moment (a transfer fills the line); two in a row with nothing heard since is death. */
const pingsUntilDead = 2

/** A round trip above this many ms counts as unknown in the ranking of peers (docs/protocol.md §10): it is of little use. */
const slowRttMs = 1_000

/** One failed request is chance; two in a row are worth knowing; five say that the other side no longer serves. */
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

/** A ping that was sent at `sentAt` was not answered in time. */
export const afterLostPing = (vitals: Vitals, sentAt: number, now: number): Vitals =>
  // Something else was heard meanwhile: the ping was late, not lost.
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
