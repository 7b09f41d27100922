import type { WakeReason } from '../contract/commands.ts'

/** Window in which several signs of one wake (resume, visible page, online) start a single run (ms). */
const togetherMs = 1_000

/**
 * Interval between clock checks (ms), and the deviation beyond which the machine has slept or its clock was set: load
 * alone never delays a timer that far.
 */
const clockMs = 2_000
const sleptMs = 10_000

export interface Wake {
  wake(reason: WakeReason): void
  stop(): void
}

/**
 * The one way to recover from sleep, a hidden tab or a lost network: every wake event runs the same routine, at most
 * once a second, and again after that second if another event arrived within it. A sleep without an event, such as that
 * of a machine whose tab stays visible, shows in the wall clock `now` (ms); so does a clock that was set.
 */
export const createWake = (onWake: () => void, now: () => number): Wake => {
  let timer: ReturnType<typeof setTimeout> | undefined
  let again = false
  let stopped = false
  let checkedAt = now()

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
    if (Math.abs(time - checkedAt - clockMs) > sleptMs) wake('resume')
    checkedAt = time
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
