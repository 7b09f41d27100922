/** Lets a bounded number of tasks run at a time, in the order in which they came. */
export interface Turns {
  /** Waits for a turn; what it resolves with ends it. Rejects with the signal's reason when that aborts before. */
  take(signal: AbortSignal): Promise<() => void>
}

export const createTurns = (count: number): Turns => {
  const waiting = new Set<() => void>()
  let free = count

  const end = (): void => {
    free += 1
    const [next] = waiting
    next?.()
  }
  const begin = (): (() => void) => {
    free -= 1
    let ended = false
    return () => {
      if (!ended) end()
      ended = true
    }
  }

  return {
    async take(signal) {
      signal.throwIfAborted()
      if (free > 0 && waiting.size === 0) return begin()
      return new Promise((resolve, reject) => {
        const settle = (): void => {
          waiting.delete(onTurn)
          signal.removeEventListener('abort', onAbort)
        }
        const onTurn = (): void => {
          settle()
          resolve(begin())
        }
        const onAbort = (): void => {
          settle()
          reject(signal.reason)
        }
        waiting.add(onTurn)
        signal.addEventListener('abort', onAbort)
      })
    },
  }
}
