import type { Step, TimedStep } from '../contract/views.ts'

/** How exchanges of catalogues with other peers went. */
export type ExchangeState =
  | { kind: 'none' }
  | { kind: 'ok' }
  /** So many in a row failed, the last one for this reason. */
  | { kind: 'failed'; times: number; reason: string }

/** One exchange fails whenever a peer leaves in the middle of it. */
const failuresUntilStuck = 3

export const catalogueStep = (size: number, exchange: ExchangeState, connectedPeers: number): Step => {
  if (exchange.kind === 'failed' && exchange.times >= failuresUntilStuck && connectedPeers > 0)
    return { state: 'failed', reason: exchange.reason }
  if (size > 0) return { state: 'ok', reason: '' }
  if (exchange.kind === 'ok') return { state: 'ok', reason: 'The connected peers know of no package either.' }
  return connectedPeers > 0
    ? { state: 'working', reason: 'No package is known yet: connected peers are asked for theirs.' }
    : { state: 'waiting', reason: 'No package is known yet, and nobody is connected who could tell of any.' }
}

/** `followers` are connected peers that follow announcements, relays included; `mesh` those that pass ours on at once. */
export const topicStep = ({ followers, mesh, peers }: { followers: number; mesh: number; peers: number }): Step => {
  if (mesh > 0) return { state: 'ok', reason: '' }
  if (followers > 0) return { state: 'working', reason: 'Joining those who pass news of packages on.' }
  return peers > 0
    ? { state: 'waiting', reason: 'Nobody that is connected passes news of packages on yet.' }
    : { state: 'waiting', reason: 'News of packages come by the peers that are connected, and nobody is.' }
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
