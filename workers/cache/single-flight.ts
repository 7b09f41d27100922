import { Failure } from '../contract/failures.ts'
import type { Operation } from '../telemetry/operation.ts'

/**
 * Shares one run of work among concurrent callers of a key.
 *
 * Each caller can cancel its own wait; when all have cancelled, the work is aborted. A failure rejects all callers and is
 * not cached.
 */
export interface SingleFlight<T> {
  has(key: string): boolean
  /** Starts the work for `key`, or joins the running one. */
  join(key: string, work: (flight: Flight) => Promise<T>, operation: Operation): Promise<T>
  /** Marks the running work for `key` as outdated: later callers do not join it. */
  supersede(key: string): void
  /** Supersedes all keys with `prefix`. */
  supersedeAll(prefix: string): void
  /** Aborts all work. */
  stop(): void
}

export interface Flight {
  /** Belongs to the span of the first caller; cancelled when no caller is waiting. */
  readonly operation: Operation
  /** False once superseded or abandoned: the result must not be cached. */
  isCurrent(): boolean
}

export const createSingleFlight = <T>(): SingleFlight<T> => {
  const flightByKey = new Map<string, Ongoing<T>>()
  /** All running flights, including superseded ones. */
  const all = new Set<Ongoing<T>>()

  const start = (key: string, work: (flight: Flight) => Promise<T>, first: Operation): Ongoing<T> => {
    const abort = new AbortController()
    const isCurrent = (): boolean => flightByKey.get(key) === started && !abort.signal.aborted
    const result = Promise.resolve().then(() => work({ operation: first.detached(abort.signal), isCurrent }))
    const started: Ongoing<T> = { abort, waiting: 0, result }
    flightByKey.set(key, started)
    all.add(started)
    const end = (): void => {
      all.delete(started)
      if (flightByKey.get(key) === started) flightByKey.delete(key)
    }
    result.then(end, end)
    return started
  }

  return {
    has: (key) => flightByKey.has(key),

    join(key, work, operation) {
      const { signal } = operation
      if (signal.aborted) return Promise.reject(cancelled())
      const joined = flightByKey.get(key) ?? start(key, work, operation)
      joined.waiting += 1
      return new Promise<T>((resolve, reject) => {
        const onCallerAbort = (): void => {
          reject(cancelled())
          joined.waiting -= 1
          if (joined.waiting > 0) return
          if (flightByKey.get(key) === joined) flightByKey.delete(key)
          joined.abort.abort()
        }
        const cleanUp = (): void => {
          signal.removeEventListener('abort', onCallerAbort)
          joined.abort.signal.removeEventListener('abort', onFlightAbort)
        }
        const onFlightAbort = (): void => reject(cancelled())
        signal.addEventListener('abort', onCallerAbort, { once: true })
        joined.abort.signal.addEventListener('abort', onFlightAbort, { once: true })
        joined.result.then(resolve, reject).finally(cleanUp)
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
