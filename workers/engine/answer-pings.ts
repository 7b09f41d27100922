import { isPulse, type PulseMessage } from '../contract/pulse.ts'

/** The part of a worker's global scope that `answerPings` uses. */
export interface PulseScope {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  postMessage(message: PulseMessage): void
}

/** Reports that this worker runs, and answers each ping of its page while its event loop is not blocked. */
export const answerPings = (scope: PulseScope): void => {
  scope.addEventListener('message', ({ data }) => {
    if (isPulse(data, 'ping')) scope.postMessage({ ggen: 'pong' })
  })
  scope.postMessage({ ggen: 'pong' })
}
