/**
 * Calls `tell` at once and then at most once in `everyMs`; calls in between are dropped, even the last one: callers that
 * must report the end do so separately.
 */
export const throttle = <Args extends readonly unknown[]>(
  everyMs: number,
  tell: (...args: Args) => void,
  now: () => number,
): ((...args: Args) => void) => {
  let toldAt = Number.NEGATIVE_INFINITY
  return (...args) => {
    if (now() - toldAt < everyMs) return
    toldAt = now()
    tell(...args)
  }
}
