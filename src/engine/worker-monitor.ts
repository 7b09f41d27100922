/**
 * Judges whether the engine's worker has stopped turning its event loop. Pure: times come in, a judgement goes out.
 *
 * The page pings at each of its own ticks and the worker answers. It is stuck when a ping stayed without answer for
 * `stuckMs` during which the page's own timer kept its time: a page that is hidden for long, asleep with its machine, held by
 * a debugger, or short of a processor ticks late, and what it then misses says nothing of the worker.
 *
 * Not guaranteed: a worker that a debugger holds while its page runs looks the same as a stuck one.
 */
export interface WorkerMonitor {
  /** Anything that the worker's event loop has sent. */
  heard(): void
  /** Called every `monitorTickMs`. `ping`: send one. */
  tick(at: number): 'ping' | 'stuck'
}

export const monitorTickMs = 500

/** Silence after which a worker is given up (ms). Whatever the engine does, it lets others run every few milliseconds. */
const stuckMs = 5_000

/**
 * Ticks further apart than this (ms) are late. Timers of a hidden page come once a second, so those are in time; a late tick
 * makes the silence begin anew.
 */
const lateMs = 1_700

export const createWorkerMonitor = (): WorkerMonitor => {
  let hasBegun = false
  /** When the oldest ping without answer was sent. */
  let unansweredSince: number | undefined
  let tickedAt: number | undefined

  return {
    heard() {
      hasBegun = true
      unansweredSince = undefined
    },
    tick(at) {
      const isLate = tickedAt !== undefined && (at - tickedAt > lateMs || at < tickedAt)
      tickedAt = at
      if (!hasBegun) return 'ping'
      if (isLate) unansweredSince = at
      unansweredSince ??= at
      return at - unansweredSince >= stuckMs ? 'stuck' : 'ping'
    },
  }
}
