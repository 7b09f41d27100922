import { type ChildProcess, fork } from 'node:child_process'
import type { FromPart, ToPart } from './messages.ts'

export interface PartOptions {
  /** For the log. */
  name: string
  /** The script of the process. */
  script: string
  /** The environment variable of its port, which it keeps over restarts. */
  portVariable: string
  onMessage(message: FromPart): void
  /** It serves, for the first time or again. */
  onReady(ready: Extract<FromPart, { kind: 'ready' }>): void
  log(line: string): void
}

export interface Part {
  /** Rejects with what is wrong when it cannot start at first. */
  started: Promise<Extract<FromPart, { kind: 'ready' }>>
  /** False when it is not there to hear it. */
  send(message: ToPart): boolean
  /** Undefined while it is down. */
  pid(): number | undefined
  stop(): Promise<void>
}

/** Before the first new try, and at most between tries (ms); a part that served for `steadyMs` starts from the first. */
const firstDelayMs = 100
const maxDelayMs = 10_000
const steadyMs = 30_000

/** A part that has not ended by then is ended (ms); it ends itself after a second (`part.ts`). */
const stopTimeoutMs = 1_200

/**
 * A part of the server in a process of its own, started again whenever it ends: by an error, out of memory, or killed.
 * It ends with the process that started it, since their channel then ends.
 */
export const supervise = (options: PartOptions): Part => {
  const first = Promise.withResolvers<Extract<FromPart, { kind: 'ready' }>>()
  let child: ChildProcess | undefined
  let environment: Record<string, string> = {}
  let delayMs = firstDelayMs
  let hasServed = false
  let stopping = false
  let again: NodeJS.Timeout | undefined

  const start = (): void => {
    const process_ = fork(options.script, [], { env: { ...process.env, ...environment } })
    let failure: string | undefined
    let readyAt: number | undefined
    child = process_
    process_.on('message', (message: FromPart) => {
      if (message.kind === 'failed') failure = message.message
      else if (message.kind === 'ready') {
        readyAt = performance.now()
        hasServed = true
        environment = { [options.portVariable]: String(message.port) }
        options.onReady(message)
        first.resolve(message)
      } else options.onMessage(message)
    })
    // It could not be started, or told something: its end follows, or has been.
    process_.on('error', () => {})
    process_.on('exit', (code, signal) => {
      if (child === process_) child = undefined
      if (stopping) return
      const why = failure ?? `It ended with ${signal ?? code}.`
      if (!hasServed) return first.reject(new Error(why))
      if (readyAt !== undefined && performance.now() - readyAt >= steadyMs) delayMs = firstDelayMs
      options.log(`The ${options.name} is down and is started again. ${why}`)
      again = setTimeout(start, delayMs)
      delayMs = Math.min(2 * delayMs, maxDelayMs)
    })
  }

  start()
  return {
    started: first.promise,
    send(message) {
      if (child?.connected !== true) return false
      child.send(message, () => {})
      return true
    },
    pid: () => child?.pid,
    async stop() {
      stopping = true
      clearTimeout(again)
      const running = child
      if (running === undefined) return
      const ended = new Promise((resolve) => running.once('exit', resolve))
      const kill = setTimeout(() => running.kill('SIGKILL'), stopTimeoutMs)
      if (running.connected) running.disconnect()
      await ended
      clearTimeout(kill)
    },
  }
}
