/**
 * Detects a frozen leader from the messages that a follower receives. Pure: takes timestamps, returns a verdict.
 *
 * The lock reveals a leader that closes or crashes; this monitor detects one that holds the lock but does not respond.
 * The leader's worker sends heartbeats, and both its page and its worker answer probes. If both are silent, the leader
 * is frozen. If only one is silent it may be busy, so the timeout is longer: the worker needs the page only for new
 * WebRTC connections.
 *
 * Not guaranteed: that a leader reported as frozen is. Taking over from a live one costs an engine restart and loses no
 * data.
 */
export interface LeaderMonitor {
  /** Starts observing a new or still unknown leader. `stolen`: it took over from a frozen one. */
  reset(at: number, stolen: boolean): void
  /** Records any message of the leader's worker. */
  heardWorker(at: number): void
  heardBeat(at: number, beat: { up: boolean; pageSilentMs: number }): void
  heardPage(at: number): void
  /** Called every `tickMs`. `probe`: send a probe to the leader. */
  tick(at: number): 'fine' | 'probe' | 'frozen'
  /** Whether the leader is still frozen at `at`. */
  isFrozen(at: number): boolean
}

export const tickMs = 200

/** Silence before a probe (ms): one and a half heartbeats. */
const probeAfterMs = 600

/** Silence after which a running leader is frozen (ms): leaves 0.8 s of a 2 s handover for starting the engine. */
const runningPatienceMs = 1_200

/** Silence after which a starting leader is frozen (ms): evaluating its modules takes seconds on a slow machine. */
const startingPatienceMs = 5_000

/** Time of longer timeouts after a takeover (ms), so that leadership does not cycle on a slow machine. */
const calmAfterStealMs = 15_000

/** Silence of only the page or only the worker after which the leader is frozen (ms). */
const oneSidePatienceMs = 10_000

/** Minimum unanswered probes: without them this page may have been asleep itself. */
const minProbes = 2

/** Tick gap that means this page was asleep (ms); a hidden page ticks every second. */
const asleepMs = 1_500

export const createLeaderMonitor = (startedAt: number): LeaderMonitor => {
  let workerAt = startedAt
  let pageAt = startedAt
  let tickedAt = startedAt
  let calmUntil = Number.NEGATIVE_INFINITY
  let pageSilentMs = 0
  let isUp = false
  let probes = 0

  const heard = (): void => {
    probes = 0
  }

  const isFrozen = (at: number): boolean => {
    if (probes < minProbes && pageSilentMs < oneSidePatienceMs) return false
    const patience = isUp && at > calmUntil ? runningPatienceMs : startingPatienceMs
    const silence = at - Math.max(workerAt, pageAt)
    return silence >= patience || at - workerAt >= oneSidePatienceMs || pageSilentMs >= oneSidePatienceMs
  }

  return {
    reset(at, stolen) {
      workerAt = at
      pageAt = at
      isUp = false
      pageSilentMs = 0
      heard()
      if (stolen) calmUntil = at + calmAfterStealMs
    },
    heardWorker(at) {
      workerAt = at
      heard()
    },
    heardBeat(at, beat) {
      workerAt = at
      isUp = beat.up
      pageSilentMs = beat.pageSilentMs
      heard()
    },
    heardPage(at) {
      pageAt = at
    },
    isFrozen,
    tick(at) {
      const slept = at - tickedAt > asleepMs
      tickedAt = at
      // Its own sleep does not count as silence, unless a probe is pending: then this page is throttled, not asleep.
      if (slept && probes === 0) {
        workerAt = at
        pageAt = at
        probes = 1
        return 'probe'
      }
      if (isFrozen(at)) return 'frozen'
      if (at - workerAt < probeAfterMs) return 'fine'
      probes += 1
      return 'probe'
    },
  }
}
