/** Lets at most `limit` pieces of work run at once; the others wait, as long as their signal lets them. */
export const createSlots = (limit: number): (<T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>) => {
  const waiting = new Set<() => void>()
  let running = 0

  return async (signal, work) => {
    while (running >= limit) {
      signal.throwIfAborted()
      const turn = Promise.withResolvers<void>()
      waiting.add(turn.resolve)
      signal.addEventListener('abort', () => turn.resolve(), { once: true })
      await turn.promise
      waiting.delete(turn.resolve)
      signal.throwIfAborted()
    }
    running += 1
    try {
      return await work()
    } finally {
      running -= 1
      // All of them, since the first may have given up: who finds no place waits again.
      for (const wake of waiting) wake()
    }
  }
}
