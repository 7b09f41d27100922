import type { Failure } from '../contract/failures.ts'
import type { StepReason } from '../contract/reasons.ts'
import type { Step, TimedStep } from '../contract/views.ts'

/** Outcome of the latest sync exchanges. */
export type ExchangeState =
  | { kind: 'none' }
  | { kind: 'ok' }
  /** `times` exchanges failed in a row, the last one with `failure`. */
  | { kind: 'failed'; times: number; failure: Failure }

/** Failures in a row after which sync counts as stuck; one exchange fails whenever its peer disconnects. */
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

/** A failure as the reason of a failed step. */
export const afterFailure = ({ name, reason }: Failure): StepReason => ({ code: 'after-failure', name, reason })

/** `followers`: connected subscribers of the topic, relays included; `mesh`: those in this node's gossipsub mesh. */
export const topicStep = ({ followers, mesh, peers }: { followers: number; mesh: number; peers: number }): Step => {
  if (mesh > 0) return { state: 'ok' }
  if (followers > 0) return { state: 'working', reason: { code: 'topic-joining' } }
  return peers > 0
    ? { state: 'waiting', reason: { code: 'topic-no-subscribers' } }
    : { state: 'waiting', reason: { code: 'topic-no-peers' } }
}

/** Adds to each step the time of its last change of state; a new reason alone does not change it. */
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
