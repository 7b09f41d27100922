/** Lets through `perSecond` on average and `burst` at once. */
export interface TokenBucket {
  /** Takes a token; false without one. */
  take(): boolean
}

export interface TokenBucketOptions {
  readonly perSecond: number
  readonly burst: number
}

/** @param monotonic Clock (ms); one that goes back, or NaN, adds nothing. */
export const createTokenBucket = ({ perSecond, burst }: TokenBucketOptions, monotonic: () => number): TokenBucket => {
  let tokens = burst
  let filledAt = monotonic()
  return {
    take() {
      const time = monotonic()
      if (time > filledAt) tokens = Math.min(burst, tokens + ((time - filledAt) / 1_000) * perSecond)
      if (!Number.isNaN(time)) filledAt = time
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
