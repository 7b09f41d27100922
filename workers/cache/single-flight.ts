import { Failure } from '../contract/failures.ts'
import type { Operation } from '../telemetry/operation.ts'

/**
 * One piece of work for all who ask for the same key while it is under way.
 *
 * Each caller can leave; when all have left, the work is told to stop. A failure reaches all of them and is forgotten.
 */
export interface SingleFlight<T> {
  has(key: string): boolean
  /** Begins the work for `key`, or waits for the one that is under way. */
  join(key: string, work: (flight: Flight) => Promise<T>, operation: Operation): Promise<T>
  /** What the work under way for `key` finds is out of date: later callers do not join it. */
  supersede(key: string): void
  /** The same for all keys that start with `prefix`. */
  supersedeAll(prefix: string): void
  /** Ends all. */
  stop(): void
}

export interface Flight {
  /** In the span of the caller that began it, cancelled when nobody waits any more. */
  readonly operation: Operation
  /** False once it was superseded, or nobody waits any more: its result must not be kept. */
  isCurrent(): boolean
}

export const createSingleFlight = <T>(): SingleFlight<T> => {
  const flightByKey = new Map<string, Ongoing<T>>()
  /** Superseded ones, too. */
  const all = new Set<Ongoing<T>>()

  const begin = (key: string, work: (flight: Flight) => Promise<T>, first: Operation): Ongoing<T> => {
    const abort = new AbortController()
    const isCurrent = (): boolean => flightByKey.get(key) === begun && !abort.signal.aborted
    const result = Promise.resolve().then(() => work({ operation: first.detached(abort.signal), isCurrent }))
    const begun: Ongoing<T> = { abort, waiting: 0, result }
    flightByKey.set(key, begun)
    all.add(begun)
    const end = (): void => {
      all.delete(begun)
      if (flightByKey.get(key) === begun) flightByKey.delete(key)
    }
    result.then(end, end)
    return begun
  }

  return {
    has: (key) => flightByKey.has(key),

    join(key, work, operation) {
      const { signal } = operation
      if (signal.aborted) return Promise.reject(cancelled())
      const joined = flightByKey.get(key) ?? begin(key, work, operation)
      joined.waiting += 1
      return new Promise<T>((resolve, reject) => {
        const leave = (): void => {
          reject(cancelled())
          joined.waiting -= 1
          if (joined.waiting > 0) return
          if (flightByKey.get(key) === joined) flightByKey.delete(key)
          joined.abort.abort()
        }
        const ended = (): void => {
          signal.removeEventListener('abort', leave)
          joined.abort.signal.removeEventListener('abort', stopped)
        }
        const stopped = (): void => reject(cancelled())
        signal.addEventListener('abort', leave, { once: true })
        joined.abort.signal.addEventListener('abort', stopped, { once: true })
        joined.result.then(resolve, reject).finally(ended)
      })
    },

    supersede(key) {
      flightByKey.delete(key)
    },

    supersedeAll(prefix) {
      for (const key of [...flightByKey.keys()]) if (key.startsWith(prefix)) flightByKey.delete(key)
    },

    stop() {
      for (const { abort } of all) abort.abort()
      flightByKey.clear()
    },
  }
}

interface Ongoing<T> {
  result: Promise<T>
  abort: AbortController
  waiting: number
}

const cancelled = (): Failure => new Failure('Cancelled', { code: 'cancelled' })
