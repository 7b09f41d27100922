import type { ObjectiveState } from '../contract/telemetry-views.ts'

/** Time without a breach after which the next one counts as a new one (ms). */
export const calmMs = 5 * 60_000

/** Decides when a breach is reported: once, until the objective has not been breached for a while. */
export interface ObjectiveAlarm {
  /** Takes the current state. Returns true if it begins a breach that must be reported. */
  take(state: ObjectiveState): boolean
}

/** @param now Monotonic (ms). */
export const createObjectiveAlarm = (now: () => number): ObjectiveAlarm => {
  let reported = false
  let calmSince: number | undefined
  return {
    take(state) {
      if (state !== 'breached') {
        calmSince ??= now()
        return false
      }
      if (calmSince !== undefined && now() - calmSince >= calmMs) reported = false
      calmSince = undefined
      if (reported) return false
      reported = true
      return true
    },
  }
}
