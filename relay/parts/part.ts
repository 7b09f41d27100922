import { createUncaughtErrors } from '../../workers/stack/uncaught-errors.ts'
import { keepServing } from '../keep-serving.ts'
import type { FromPart, ToPart } from './messages.ts'

/** A part that has started. */
export interface RunningPart {
  ready: Extract<FromPart, { kind: 'ready' }>
  onMessage(message: ToPart): void
  stop(): Promise<void>
}

export interface PartTools {
  send(message: FromPart): void
  /** Reports an error that the part survives. */
  onError(error: Error): void
}

/** Limit on stopping; then the process exits anyway (ms). */
const stopTimeoutMs = 1_000

/**
 * Runs a part in this process, a child of `supervise`. Reports that the part is ready, or why it cannot start, and stops
 * it when the channel to the supervisor closes or on SIGTERM. SIGINT is the supervisor's: a terminal sends it to all.
 *
 * Once the part serves, it survives uncaught errors (`keep-serving.ts`); before that, one is the reason it cannot start.
 */
export const runPart = async (start: (tools: PartTools) => Promise<RunningPart>): Promise<void> => {
  const send = (message: FromPart): void => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  }
  const uncaughtErrors = createUncaughtErrors({ log: (line) => console.error(line), now: () => performance.now() })
  let running: RunningPart | undefined
  let ending = false
  const end = async (code: number): Promise<void> => {
    if (ending) return
    ending = true
    // A broken part may never stop.
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
    const started = await start({ send, onError: (error) => void uncaughtErrors.take(error) })
    running = started
    process.off('uncaughtException', fail)
    keepServing(uncaughtErrors, () => void end(1))
    process.on('message', (message: ToPart) => started.onMessage(message))
    send(started.ready)
  } catch (error) {
    fail(error)
  }
}
