import { createUncaughtErrors } from '../stack/uncaught-errors.ts'

/** The events of a worker's global scope for uncaught errors. */
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
 * Keeps the engine running after an uncaught error in its worker. Such an error belongs to one task (a peer's message
 * in a library); the worker survives it, but its page would see a crashed engine. Errors are logged, within limits.
 * Call it before anything is loaded; errors of loading the worker itself still reach the page.
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
