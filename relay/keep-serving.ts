import type { UncaughtErrors } from '../workers/stack/uncaught-errors.ts'

/**
 * Keeps this process alive after uncaught exceptions and rejections; calls `stop` when there are too many.
 * @returns a function that removes the handlers.
 */
export const keepServing = (uncaughtErrors: UncaughtErrors, stop: () => void): (() => void) => {
  const onError = (error: unknown): void => {
    if (uncaughtErrors.take(error) === 'stop') stop()
  }
  process.on('uncaughtException', onError)
  process.on('unhandledRejection', onError)
  return () => {
    process.off('uncaughtException', onError)
    process.off('unhandledRejection', onError)
  }
}
