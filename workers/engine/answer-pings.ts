import { isPulse, type PulseMessage } from '../contract/pulse.ts'

/** What this needs of a worker's global scope. */
export interface PulseScope {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  postMessage(message: PulseMessage): void
}

/** Says that this worker runs, and answers each ping of its page, as long as its event loop turns. */
export const answerPings = (scope: PulseScope): void => {
  scope.addEventListener('message', ({ data }) => {
    if (isPulse(data, 'ping')) scope.postMessage({ ggen: 'pong' })
  })
  scope.postMessage({ ggen: 'pong' })
}
