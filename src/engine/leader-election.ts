/**
 * Leader election among the tabs of a profile: the tab that holds the lock leads. All others queue for the lock, so the
 * browser appoints the next in order when the leader closes or crashes.
 *
 * Guarantees: `onElected` and `onDeposed` alternate; at most one tab holds the lock. A frozen tab learns that it was
 * deposed only when it wakes.
 */
export interface Election {
  isLeading(): boolean
  /** Steals the lock from a frozen leader, unless another tab is doing so or `stillFrozen` returns false. */
  takeOver(stillFrozen: () => boolean): void
  /** Releases the lock and stops waiting for it. */
  stop(): void
}

export interface ElectionOptions {
  locks: Pick<LockManager, 'request'>
  /** Name of the leader's lock. */
  leaderLock: string
  /** Name of the lock held during a takeover. */
  takeOverLock: string
  onElected(stolen: boolean): void
  /** Another tab stole the lock because this one appeared frozen. */
  onDeposed(): void
}

/** Time for which the new leader blocks other takeovers (ms), until all tabs have heard of it. */
const settleMs = 1_000

export const createElection = (options: ElectionOptions): Election => {
  const { locks, leaderLock, takeOverLock, onElected, onDeposed } = options
  let waiting = new AbortController()
  let releaseLock: (() => void) | undefined
  let stopped = false

  const stand = (steal: boolean): void => {
    const controller = new AbortController()
    waiting = controller
    let elected = false
    const hold = (): Promise<void> | undefined => {
      if (stopped || controller.signal.aborted) return undefined
      elected = true
      const { promise, resolve } = Promise.withResolvers<void>()
      releaseLock = resolve
      onElected(steal)
      return promise
    }
    locks.request(leaderLock, steal ? { steal } : { signal: controller.signal }, hold).catch(() => {
      if (!elected) return
      releaseLock = undefined
      if (stopped) return
      onDeposed()
      stand(false)
    })
  }
  stand(false)

  return {
    isLeading: () => releaseLock !== undefined,
    takeOver(stillFrozen) {
      void locks
        .request(takeOverLock, { ifAvailable: true }, async (lock) => {
          if (lock === null || stopped || releaseLock !== undefined || !stillFrozen()) return
          // Otherwise this tab would queue for a lock that it holds.
          waiting.abort()
          stand(true)
          await new Promise((resolve) => setTimeout(resolve, settleMs))
        })
        .catch(() => {})
    },
    stop() {
      stopped = true
      waiting.abort()
      releaseLock?.()
      releaseLock = undefined
    },
  }
}
