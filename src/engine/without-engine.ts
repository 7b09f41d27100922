import type { StatusView, Step } from '../../workers/contract/views.ts'

/**
 * The status while there is no engine: the one that gave the last status has been ended, with its connections, and
 * another is about to start. What is stored stays as it was.
 */
export const withoutEngine = (status: StatusView, now: number): StatusView => {
  const step: Step & { since: number } = { state: 'working', reason: { code: 'engine-restarting' }, since: now }
  return {
    ...status,
    online: false,
    connections: 0,
    directConnections: 0,
    searchablePeers: 0,
    relays: status.relays.map((relay) => ({ ...relay, connected: false, reserved: false, reason: step.reason })),
    steps: { ...status.steps, relay: step, reservation: step, direct: step, topic: step },
  }
}
