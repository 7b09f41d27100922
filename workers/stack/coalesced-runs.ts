/**
 * Work that is asked for while it is under way runs once more when it ends: the run under way may have passed the place
 * where it would have seen what it was asked for. However often it is asked for, one more run is enough.
 *
 * What it guarantees: after the last `ask`, a whole run begins. Never two at once. A run that fails is over, and the next
 * one begins all the same; its failure goes to those that wait for it.
 */
export interface CoalescedRun {
  /** Resolves when a run that began with this call or later has ended. A failure that nobody waits for is dropped. */
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

/** The same for each of several keys on its own. */
export interface CoalescedRuns<Key> {
  ask(key: Key): Promise<void>
  isRunning(key: Key): boolean
  /** Keys whose work runs. */
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
