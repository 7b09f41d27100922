import type { UncaughtErrors } from '../workers/stack/uncaught-errors.ts'

/**
 * Keeps this process alive when an exception or a rejection reaches it, until `stop` is called for.
 * @returns how to remove the handlers.
 */
export const keepServing = (lastResort: UncaughtErrors, stop: () => void): (() => void) => {
  const take = (error: unknown): void => {
    if (lastResort.take(error) === 'stop') stop()
  }
  process.on('uncaughtException', take)
  process.on('unhandledRejection', take)
  return () => {
    process.off('uncaughtException', take)
    process.off('unhandledRejection', take)
  }
}
