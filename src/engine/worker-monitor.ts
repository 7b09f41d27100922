/**
 * Detects a blocked event loop in the engine's worker. Pure: takes timestamps, returns a verdict.
 *
 * The page pings at each tick and the worker answers. The worker is stuck when a ping stays unanswered for `stuckMs`
 * while the page's own timer is on time. A page that is hidden for long, asleep, paused in a debugger or starved of CPU
 * ticks late, and missing answers then say nothing about the worker.
 *
 * Not guaranteed: a worker paused in a debugger while its page runs is reported as stuck.
 */
export interface WorkerMonitor {
  /** Records any message of the worker. */
  heard(): void
  /** Called every `monitorTickMs`. `ping`: send a ping. */
  tick(at: number): 'ping' | 'stuck'
}

export const monitorTickMs = 500

/** Silence after which a worker is stuck (ms). The engine yields to its event loop every few milliseconds. */
const stuckMs = 5_000

/**
 * Tick gap above which a tick is late (ms). A hidden page ticks once a second, which is on time; a late tick restarts
 * the measured silence.
 */
const lateMs = 1_700

export const createWorkerMonitor = (): WorkerMonitor => {
  let hasBegun = false
  /** Time of the oldest unanswered ping. */
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
