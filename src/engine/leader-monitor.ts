/**
 * Judges from what a follower hears whether its leader is frozen. Pure: times come in, a judgement goes out.
 *
 * A leader that closes or crashes is noticed by its lock, at once; this is for one that holds the lock and does nothing.
 * Its worker beats, and its page and its worker answer probes. Both silent: frozen. One of them silent while the other
 * answers may be hard at work, so that is borne longer: what the worker does needs no page, except new WebRTC connections.
 *
 * Not guaranteed: that a leader called frozen is. Taking over from a living one costs a restart of the engine and loses nothing.
 */
export interface LeaderMonitor {
  /** There is a new leader, or none is known yet. `stolen`: it took over from one that was called frozen. */
  reset(at: number, stolen: boolean): void
  /** Anything from the leader's worker. */
  heardWorker(at: number): void
  heardBeat(at: number, beat: { up: boolean; pageSilentMs: number }): void
  heardPage(at: number): void
  /** Called every `tickMs`. `probe`: ask the leader for a sign of life. */
  tick(at: number): 'fine' | 'probe' | 'frozen'
  /** Whether what the last tick said still holds at `at`. */
  isFrozen(at: number): boolean
}

export const tickMs = 200

/** Silence after which the leader is asked, ms: a beat and a half. */
const probeAfterMs = 600

/** Silence after which a running leader is frozen, ms: leaves 0.8 of the 2 s of a hand-over for starting the engine. */
const runningPatienceMs = 1_200

/** The same for one that starts, ms: its page and its worker evaluate their modules, on a slow machine for seconds. */
const startingPatienceMs = 5_000

/** After a take-over all are patient for so long, ms: a machine that is too slow for beats must not go from tab to tab. */
const calmAfterStealMs = 15_000

/** Silence of the page alone or of the worker alone that is borne, ms. */
const oneSidePatienceMs = 10_000

/** Probes that must have gone unanswered: silence alone may be that of this page, which was asleep itself. */
const minProbes = 2

/** This page was asleep, when its ticks are so far apart, ms; those of a hidden page come every second. */
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
      // Its own sleep is no silence of the leader. Unless it asked before: then it is slowed, as long hidden pages are.
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
