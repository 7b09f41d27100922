/**
 * Which tab of a profile leads: the one that holds the lock. All others wait for it, so that the browser itself appoints
 * the next when the leader closes or crashes, in the order in which they came.
 *
 * Guarantees: `onElected` and `onDeposed` alternate; at most one tab holds the lock. A frozen tab that is deposed learns
 * it only when it wakes.
 */
export interface Election {
  isLeading(): boolean
  /** Takes the lock from a frozen leader, unless another tab is doing that now or `stillFrozen` says no. */
  takeOver(stillFrozen: () => boolean): void
  /** Gives the lock back and waits for it no longer. */
  stop(): void
}

export interface ElectionOptions {
  locks: Pick<LockManager, 'request'>
  /** Name of the leader's lock. */
  leaderLock: string
  /** Name of the lock that one tab holds while it takes over. */
  takeOverLock: string
  onElected(stolen: boolean): void
  /** Another tab took the lock because this one seemed frozen. */
  onDeposed(): void
}

/** The one that took over keeps others from doing it too for so long, ms: until they have heard that it did. */
const settleMs = 1_000

export const createElection = (options: ElectionOptions): Election => {
  const { locks, leaderLock, takeOverLock, onElected, onDeposed } = options
  let waiting = new AbortController()
  let giveBack: (() => void) | undefined
  let stopped = false

  const stand = (steal: boolean): void => {
    const controller = new AbortController()
    waiting = controller
    let elected = false
    const hold = (): Promise<void> | undefined => {
      if (stopped || controller.signal.aborted) return undefined
      elected = true
      const { promise, resolve } = Promise.withResolvers<void>()
      giveBack = resolve
      onElected(steal)
      return promise
    }
    locks.request(leaderLock, steal ? { steal } : { signal: controller.signal }, hold).catch(() => {
      if (!elected) return
      giveBack = undefined
      if (stopped) return
      onDeposed()
      stand(false)
    })
  }
  stand(false)

  return {
    isLeading: () => giveBack !== undefined,
    takeOver(stillFrozen) {
      void locks
        .request(takeOverLock, { ifAvailable: true }, async (lock) => {
          if (lock === null || stopped || giveBack !== undefined || !stillFrozen()) return
          // Else this tab would stand in the queue for what it has.
          waiting.abort()
          stand(true)
          await new Promise((resolve) => setTimeout(resolve, settleMs))
        })
        .catch(() => {})
    },
    stop() {
      stopped = true
      waiting.abort()
      giveBack?.()
      giveBack = undefined
    },
  }
}
