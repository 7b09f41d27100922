/**
 * Calls `report` at once and then at most once in `everyMs`; calls in between are dropped, even the last one: callers
 * that must report the end do so separately.
 */
export const throttle = <Args extends readonly unknown[]>(
  everyMs: number,
  report: (...args: Args) => void,
  now: () => number,
): ((...args: Args) => void) => {
  let reportedAt = Number.NEGATIVE_INFINITY
  return (...args) => {
    if (now() - reportedAt < everyMs) return
    reportedAt = now()
    report(...args)
  }
}
