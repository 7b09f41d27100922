/**
 * Calls `tell` at once and then no more often than every `everyMs` ms; the calls between are left out. The last of them,
 * too: whoever must tell of the end does so beside it.
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
