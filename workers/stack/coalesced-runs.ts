/**
 * Work requested while it runs is run once more afterwards: the current run may already have passed the point where it
 * would see the change. One more run covers any number of requests.
 *
 * Guarantees a complete run after the last `ask`, and never two at once. A failed run rejects its callers and does not
 * stop the next one.
 */
export interface CoalescedRun {
  /** Resolves when a run that began with this call or later has ended. A failure without a caller is dropped. */
  ask(): Promise<void>
  isRunning(): boolean
}

export const createCoalescedRun = (run: () => Promise<void>): CoalescedRun => {
  let current: Promise<void> | undefined
  let waiting: PromiseWithResolvers<void> | undefined

  const begin = (): Promise<void> => {
    const mine = (async () => run())()
    current = mine
    const end = (): void => {
      current = undefined
      const next = waiting
      waiting = undefined
      next?.resolve(begin())
    }
    mine.then(end, end)
    return mine
  }

  return {
    ask() {
      if (current === undefined) return begin()
      if (waiting === undefined) {
        waiting = Promise.withResolvers()
        waiting.promise.catch(() => {})
      }
      return waiting.promise
    },
    isRunning: () => current !== undefined,
  }
}

/** Coalesced runs for each key separately. */
export interface CoalescedRuns<Key> {
  ask(key: Key): Promise<void>
  isRunning(key: Key): boolean
  /** Number of keys with a current run. */
  running(): number
}

export const createCoalescedRuns = <Key>(run: (key: Key) => Promise<void>): CoalescedRuns<Key> => {
  const byKey = new Map<Key, CoalescedRun>()

  return {
    ask(key) {
      const rerun = byKey.get(key) ?? createCoalescedRun(() => run(key))
      byKey.set(key, rerun)
      const forget = (): void => {
        if (!rerun.isRunning() && byKey.get(key) === rerun) byKey.delete(key)
      }
      const asked = rerun.ask()
      asked.then(forget, forget)
      return asked
    },
    isRunning: (key) => byKey.get(key)?.isRunning() ?? false,
    running: () => [...byKey.values()].filter((rerun) => rerun.isRunning()).length,
  }
}
