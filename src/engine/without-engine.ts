import type { StatusView, Step } from '../../workers/contract/views.ts'

/**
 * Status between two engines: the last one was terminated with its connections, and the next is about to start. Stored
 * data is unaffected.
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
