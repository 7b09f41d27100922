/**
 * Runs one thing at a time and always the newest: while it runs, a newer request replaces the one that waits.
 *
 * Thus a search runs as often as the engine answers, with no timer, and the last thing typed is always answered.
 * `run` must not reject; whether an answer is still wanted when it comes is for `run` to see.
 */
export const createLatest = <Request>(run: (request: Request) => Promise<void>): ((request: Request) => void) => {
  let running = false
  let waiting: { request: Request } | undefined

  const next = async (request: Request): Promise<void> => {
    running = true
    try {
      await run(request)
    } finally {
      running = false
      const newer = waiting
      waiting = undefined
      if (newer !== undefined) void next(newer.request)
    }
  }

  return (request) => {
    if (running) waiting = { request }
    else void next(request)
  }
}

/** Calls `run` at once, then at most once in `gapMs`, and always once more after the last call. */
export const createThrottle = (run: () => void, gapMs: number): (() => void) => {
  let resting = false
  let again = false
  const call = (): void => {
    if (resting) {
      again = true
      return
    }
    resting = true
    again = false
    run()
    setTimeout(() => {
      resting = false
      if (again) call()
    }, gapMs)
  }
  return call
}
