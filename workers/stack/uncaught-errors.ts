/** Errors logged per minute; of the rest only the number. */
const shownPerMinute = 10

/** More in a minute than normal operation causes in an hour: the process does little else and should restart. */
const tooManyPerMinute = 1_000

const minuteMs = 60_000

/** Decides how the process handles an uncaught error. */
export interface UncaughtErrors {
  /** Logs the error and decides whether the process keeps serving. */
  take(error: unknown): 'serve' | 'stop'
  /** Total so far. */
  count(): number
}

export interface UncaughtErrorsOptions {
  log(line: string): void
  now(): number
}

/**
 * Handles uncaught errors of the process. A single one is a fault in a dependency that a remote peer may have triggered;
 * the process keeps serving, and its connection ends by its own limits. The log is rate-limited, since a peer that can
 * cause one error can cause many. The process stops when errors arrive so fast that it does little else.
 */
export const createUncaughtErrors = ({ log, now }: UncaughtErrorsOptions): UncaughtErrors => {
  let minute = Number.NEGATIVE_INFINITY
  let inMinute = 0
  let total = 0
  return {
    take(error) {
      const time = now()
      if (time - minute >= minuteMs) {
        if (inMinute > shownPerMinute) log(`${inMinute - shownPerMinute} more uncaught errors in the previous minute.`)
        minute = time
        inMinute = 0
      }
      inMinute += 1
      total += 1
      if (inMinute <= shownPerMinute) log(`Uncaught error: ${describe(error)}`)
      if (inMinute === shownPerMinute) log('Further uncaught errors in this minute are only counted.')
      if (inMinute < tooManyPerMinute) return 'serve'
      if (inMinute === tooManyPerMinute) log(`${inMinute} uncaught errors within a minute: stopping.`)
      return 'stop'
    },
    count: () => total,
  }
}

/** Any value can be thrown, and even an error may throw when converted to text. */
const describe = (error: unknown): string => {
  try {
    const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error)
    return text.slice(0, 2_000)
  } catch {
    return 'something that cannot be shown'
  }
}
