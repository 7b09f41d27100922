/** Stopping takes at most this long, ms; what hangs then is left to the end of the process. */
const stopTimeoutMs = 1_500

/**
 * Runs a program that starts things and keeps them until SIGINT or SIGTERM. `run` says with `onStop` how each thing
 * that it started is stopped; they are stopped last first, also when `run` itself fails.
 *
 * Ends the process: with 0 after a signal, with 1 and the error's message when starting fails. A second signal ends it at
 * once.
 */
export const runUntilSignal = async (
  run: (onStop: (stop: () => Promise<void>) => void) => Promise<void>,
): Promise<void> => {
  const stops: (() => Promise<void>)[] = []
  let stopping = false

  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop().catch(() => {})
  }

  const end = async (code: number): Promise<void> => {
    if (stopping) process.exit(code)
    stopping = true
    const deadline = new Promise((resolve) => setTimeout(resolve, stopTimeoutMs))
    await Promise.race([stopAll(), deadline])
    process.exit(code)
  }

  process.on('SIGINT', () => void end(0))
  process.on('SIGTERM', () => void end(0))
  try {
    await run((stop) => stops.push(stop))
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    await end(1)
  }
}
