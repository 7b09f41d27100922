export interface Rate {
  readonly perSecond: number
  /** Tokens of a full bucket. */
  readonly burst: number
}

export interface TokenBucket {
  /** Current tokens; negative is a debt. */
  left(): number
  /** Whether there is at least one token. */
  hasSome(): boolean
  /**
   * Takes `count` tokens, going into debt if needed; the refill pays the debt off first. Returns the remaining tokens.
   */
  take(count: number): number
  /** Takes one token if there is one. */
  tryTake(): boolean
  /** Time until a token is available (ms). */
  waitMs(): number
}

/**
 * Starts full and refills at a steady rate. Reading changes nothing, not even by rounding.
 *
 * @param now Clock with any origin (ms); a step back refills nothing.
 * @param maxDebt Largest debt (tokens).
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
