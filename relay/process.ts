/** Limit on stopping everything; then the process exits anyway (ms). */
const stopTimeoutMs = 1_500

/**
 * Runs a program until SIGINT or SIGTERM. `run` starts its services and registers with `onStop` how to stop each; they
 * are stopped in reverse order, also when `run` rejects.
 *
 * Exits with 0 after a signal, and with 1 and the error's message when `run` rejects. A second signal exits at once.
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
