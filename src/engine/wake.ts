import type { WakeReason } from '../../workers/contract/commands.ts'

/**
 * Calls `wake` when this page becomes visible, is thawed or restored from the back/forward cache, or goes online. A
 * worker receives only the last of these events. Returns the function that stops it.
 */
export const watchWake = (wake: (reason: WakeReason) => void): (() => void) => {
  const listening = new AbortController()
  const { signal } = listening
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible') wake('visible')
    },
    { signal },
  )
  document.addEventListener('resume', () => wake('resume'), { signal })
  window.addEventListener(
    'pageshow',
    ({ persisted }) => {
      if (persisted) wake('resume')
    },
    { signal },
  )
  window.addEventListener('online', () => wake('online'), { signal })
  return () => listening.abort()
}
