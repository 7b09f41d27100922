export interface Rate {
  readonly perSecond: number
  /** Tokens of a full bucket. */
  readonly burst: number
}

export interface TokenBucket {
  /** Tokens now; below zero is a debt. */
  left(): number
  /** Whether there is at least one token. */
  hasSome(): boolean
  /**
   * Takes as many as given, also more than there are: the debt is paid before there are tokens again. Returns what is left
   * at that moment.
   */
  take(count: number): number
  /** Takes one token if there is one. */
  tryTake(): boolean
  /** Time until there is a token (ms); 0 when there is. */
  waitMs(): number
}

/**
 * Full at first, refilled at a steady rate. Looking changes nothing, not even by the rounding of a refill in two steps.
 *
 * @param now ms, of any origin; a step back refills nothing.
 * @param maxDebt Tokens below zero that it goes at most.
 */
export const createTokenBucket = (
  { perSecond, burst }: Rate,
  now: () => number,
  maxDebt: number = burst,
): TokenBucket => {
  let tokens = burst
  let at = now()

  const tokensAt = (time: number): number => Math.min(burst, tokens + (Math.max(0, time - at) / 1_000) * perSecond)
  const left = (): number => tokensAt(now())
  const hasSome = (): boolean => left() >= 1
  const take = (count: number): number => {
    const time = now()
    tokens = Math.max(-maxDebt, tokensAt(time) - count)
    at = time
    return tokens
  }

  return {
    left,
    hasSome,
    take,
    tryTake() {
      if (!hasSome()) return false
      take(1)
      return true
    },
    waitMs: () => Math.max(0, Math.ceil(((1 - left()) / perSecond) * 1_000)),
  }
}
