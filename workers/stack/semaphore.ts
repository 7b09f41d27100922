import PQueue from 'p-queue'

/** Lets a bounded number of tasks run at once; the others wait in the order in which they came. */
export interface Semaphore {
  /**
   * Waits for a permit; the function that it resolves with gives the permit back, once.
   * Rejects with the signal's reason when the signal aborts first. An abort after that changes nothing.
   */
  acquire(signal: AbortSignal): Promise<() => void>
  /** Runs `work` with a permit, which is given back when `work` has settled. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export const createSemaphore = (permits: number): Semaphore => {
  const queue = new PQueue({ concurrency: permits })

  const acquire = (signal: AbortSignal): Promise<() => void> =>
    new Promise((resolve, reject) => {
      // p-queue gives up the place of a running task as soon as its signal aborts, though the work may still go on: it
      // sees a signal that aborts only while the task waits.
      const waiting = new AbortController()
      const onAbort = (): void => waiting.abort(signal.reason)
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort)
      const hold = (): Promise<void> => {
        signal.removeEventListener('abort', onAbort)
        const released = Promise.withResolvers<void>()
        resolve(released.resolve)
        return released.promise
      }
      queue.add(hold, { signal: waiting.signal }).catch(reject)
    })

  return {
    acquire,
    async run(signal, work) {
      const release = await acquire(signal)
      try {
        signal.throwIfAborted()
        return await work()
      } finally {
        release()
      }
    },
  }
}
