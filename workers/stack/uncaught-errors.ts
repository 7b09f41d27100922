/** Faults in a minute of which each is shown; of the others the number. */
const shownPerMinute = 10

/** More in a minute than an honest hour brings: the process does nothing else, and is better started afresh. */
const tooManyPerMinute = 1_000

const minuteMs = 60_000

/** What the process does with an error that nobody caught. */
export interface UncaughtErrors {
  /** Shows it, and says whether the process should live on. */
  take(error: unknown): 'serve' | 'stop'
  /** All so far. */
  count(): number
}

export interface UncaughtErrorsOptions {
  log(line: string): void
  now(): number
}

/**
 * Decides about errors that reach the process. One is a fault in code below ours that a stranger may have found, and
 * ends nothing: the connection that it belongs to ends by its own limits. The log is limited, since a stranger who can
 * cause one can cause many; it stops when they come so fast that little else is done.
 */
export const createUncaughtErrors = ({ log, now }: UncaughtErrorsOptions): UncaughtErrors => {
  let minute = Number.NEGATIVE_INFINITY
  let inMinute = 0
  let total = 0
  return {
    take(error) {
      const time = now()
      if (time - minute >= minuteMs) {
        if (inMinute > shownPerMinute) log(`${inMinute - shownPerMinute} more faults in the minute before.`)
        minute = time
        inMinute = 0
      }
      inMinute += 1
      total += 1
      if (inMinute <= shownPerMinute) log(`A fault that nothing caught: ${describe(error)}`)
      if (inMinute === shownPerMinute) log('More faults within this minute are counted only.')
      if (inMinute < tooManyPerMinute) return 'serve'
      if (inMinute === tooManyPerMinute) log(`${inMinute} faults within a minute: stopping.`)
      return 'stop'
    },
    count: () => total,
  }
}

/** Anything can be thrown, and even an error may throw when it is shown. */
const describe = (error: unknown): string => {
  try {
    const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error)
    return text.slice(0, 2_000)
  } catch {
    return 'something that cannot be shown'
  }
}
