import { createUncaughtErrors } from '../stack/uncaught-errors.ts'

/** The events of a worker's global scope for errors that nobody caught. */
export interface FaultScope {
  addEventListener(
    type: 'error',
    listener: (event: Pick<ErrorEvent, 'error' | 'message' | 'preventDefault'>) => void,
  ): void
  addEventListener(
    type: 'unhandledrejection',
    listener: (event: Pick<PromiseRejectionEvent, 'reason' | 'preventDefault'>) => void,
  ): void
}

/**
 * Lets the engine go on when an error reaches its worker. Such an error belongs to one task (a message of a peer in code
 * below ours); a worker survives it, but its page would be told that the engine has crashed. They are logged, within
 * limits. Called before anything is loaded; errors while the worker is loaded itself still reach the page.
 */
export const surviveUncaughtErrors = (scope: FaultScope, log: (line: string) => void, now: () => number): void => {
  const lastResort = createUncaughtErrors({ log, now })
  scope.addEventListener('error', (event) => {
    event.preventDefault()
    lastResort.take(event.error ?? event.message)
  })
  scope.addEventListener('unhandledrejection', (event) => {
    event.preventDefault()
    lastResort.take(event.reason)
  })
}
