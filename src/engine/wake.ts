import type { WakeReason } from '../../workers/contract/commands.ts'

/**
 * Tells `wake` when this page comes back: it is seen again, it is thawed or taken out of the cache of the back button, or
 * the browser is online. A worker hears of the last one only. Returns its undo.
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
