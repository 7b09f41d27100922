import type { WakeReason } from '../contract/commands.ts'

/** One thing wakes a machine in several ways at once (it resumes, its page is seen, it is online): one routine runs, ms. */
const togetherMs = 1_000

/**
 * How often the clock is looked at (ms), and how much it may be late before the machine has slept, or its clock was set:
 * no load does that.
 */
const clockMs = 2_000
const sleptMs = 10_000

export interface Wake {
  wake(reason: WakeReason): void
  stop(): void
}

/**
 * The one way to come back after sleep, a hidden tab or a lost network: whatever tells of it runs the same routine, at
 * most once a second, and again after that second when something was told within it. A sleep that nobody tells of, as
 * that of a machine whose tab stays in front, shows in the wall clock `now` (ms); so does a clock that was set.
 */
export const createWake = (onWake: () => void, now: () => number): Wake => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let again = false
  let stopped = false
  let lookedAt = now()

  const run = (): void => {
    if (stopped) return
    onWake()
    again = false
    timer = setTimeout(() => {
      timer = undefined
      if (again) run()
    }, togetherMs)
  }

  const wake = (_reason: WakeReason): void => {
    if (timer === undefined) run()
    else again = true
  }

  const clock = setInterval(() => {
    const time = now()
    if (Math.abs(time - lookedAt - clockMs) > sleptMs) wake('resume')
    lookedAt = time
  }, clockMs)

  return {
    wake,
    stop() {
      stopped = true
      clearInterval(clock)
      clearTimeout(timer)
    },
  }
}
