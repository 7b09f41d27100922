import { createUncaughtErrors } from '../../workers/stack/uncaught-errors.ts'
import { keepServing } from '../keep-serving.ts'
import type { FromPart, ToPart } from './messages.ts'

/** A part that serves. */
export interface RunningPart {
  ready: Extract<FromPart, { kind: 'ready' }>
  onMessage(message: ToPart): void
  stop(): Promise<void>
}

export interface PartTools {
  send(message: FromPart): void
  /** For errors that the part outlives. */
  onError(error: Error): void
}

/** Stopping takes at most this long (ms). */
const stopTimeoutMs = 1_000

/**
 * Runs a part in this process, which `supervise` started: says that it is ready, or why not, and stops when the channel
 * to the supervisor ends or SIGTERM comes. SIGINT is left to the supervisor, since a terminal sends it to all.
 *
 * Once it serves, an error that nobody caught ends nothing (`keep-serving.ts`); before that it is why it cannot start.
 */
export const runPart = async (start: (tools: PartTools) => Promise<RunningPart>): Promise<void> => {
  const send = (message: FromPart): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  }
  const lastResort = createUncaughtErrors({ log: (line) => console.error(line), now: () => performance.now() })
  let running: RunningPart | undefined
  let ending = false
  const end = async (code: number): Promise<void> => {
    if (ending) return
    ending = true
    // A part that is broken may never stop by itself.
    setTimeout(() => process.exit(code), stopTimeoutMs)
    await running?.stop().catch(() => {})
    process.exit(code)
  }
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => void end(0))
  process.on('disconnect', () => void end(0))

  const fail = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error)
    process.send?.({ kind: 'failed', message } satisfies FromPart, undefined, undefined, () => process.exit(1))
  }
  process.once('uncaughtException', fail)
  try {
    const started = await start({ send, onError: (error) => void lastResort.take(error) })
    running = started
    process.off('uncaughtException', fail)
    keepServing(lastResort, () => void end(1))
    process.on('message', (message: ToPart) => started.onMessage(message))
    send(started.ready)
  } catch (error) {
    fail(error)
  }
}
