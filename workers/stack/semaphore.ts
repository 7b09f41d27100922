import PQueue from 'p-queue'

/** Limits the number of concurrent tasks; the others wait in order of arrival. */
export interface Semaphore {
  /**
   * Waits for a permit and resolves with the function that releases it. Rejects with the signal's reason if the signal
   * aborts first; a later abort has no effect.
   */
  acquire(signal: AbortSignal): Promise<() => void>
  /** Runs `work` with a permit and releases it when `work` settles. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

export const createSemaphore = (permits: number): Semaphore => {
  const queue = new PQueue({ concurrency: permits })

  const acquire = (signal: AbortSignal): Promise<() => void> =>
    new Promise((resolve, reject) => {
      // p-queue frees the place of a running task as soon as its signal aborts, even if the work continues, so it gets a
      // signal that aborts only while the task waits.
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
