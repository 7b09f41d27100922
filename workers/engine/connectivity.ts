import type { Failure } from '../contract/failures.ts'
import type { StepReason } from '../contract/reasons.ts'
import type { Step, TimedStep } from '../contract/views.ts'

/** How exchanges of catalogues with other peers went. */
export type ExchangeState =
  | { kind: 'none' }
  | { kind: 'ok' }
  /** So many in a row failed, the last one with this failure. */
  | { kind: 'failed'; times: number; failure: Failure }

/** One exchange fails whenever a peer leaves in the middle of it. */
const failuresUntilStuck = 3

export const catalogueStep = (size: number, exchange: ExchangeState, connectedPeers: number): Step => {
  if (exchange.kind === 'failed' && exchange.times >= failuresUntilStuck && connectedPeers > 0)
    return { state: 'failed', reason: afterFailure(exchange.failure) }
  if (size > 0) return { state: 'ok' }
  if (exchange.kind === 'ok') return { state: 'ok', reason: { code: 'catalogue-empty-everywhere' } }
  return connectedPeers > 0
    ? { state: 'working', reason: { code: 'catalogue-fetching' } }
    : { state: 'waiting', reason: { code: 'catalogue-no-peers' } }
}

/** Why a step failed, where a failure is the reason. */
export const afterFailure = ({ name, reason }: Failure): StepReason => ({ code: 'after-failure', name, reason })

/** `followers` are connected peers that follow announcements, relays included; `mesh` those that pass ours on at once. */
export const topicStep = ({ followers, mesh, peers }: { followers: number; mesh: number; peers: number }): Step => {
  if (mesh > 0) return { state: 'ok' }
  if (followers > 0) return { state: 'working', reason: { code: 'topic-joining' } }
  return peers > 0
    ? { state: 'waiting', reason: { code: 'topic-no-subscribers' } }
    : { state: 'waiting', reason: { code: 'topic-no-peers' } }
}

/** Adds to steps since when each has its state; a new reason in the same state is no new state. */
export const createStepClock = <Name extends string>(now: () => number) => {
  const since = new Map<Name, { state: Step['state']; at: number }>()
  return (steps: Record<Name, Step>): Record<Name, TimedStep> => {
    const timed: Partial<Record<Name, TimedStep>> = {}
    for (const name of Object.keys(steps) as Name[]) {
      const step = steps[name]
      const before = since.get(name)
      const entry = before?.state === step.state ? before : { state: step.state, at: now() }
      since.set(name, entry)
      timed[name] = { ...step, since: entry.at }
    }
    return timed as Record<Name, TimedStep>
  }
}
