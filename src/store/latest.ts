/**
 * Runs one request at a time: while it runs, a newer request replaces the waiting one.
 *
 * A search thus runs as often as the engine answers, without a timer, and the last input is always answered. `run` must
 * not reject, and must check whether its answer is still current.
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

/** Calls `run` immediately, then at most once per `gapMs`, and once more after the last call. */
export const createThrottle = (run: () => void, gapMs: number): (() => void) => {
  let throttled = false
  let again = false
  const call = (): void => {
    if (throttled) {
      again = true
      return
    }
    throttled = true
    again = false
    run()
    setTimeout(() => {
      throttled = false
      if (again) call()
    }, gapMs)
  }
  return call
}
