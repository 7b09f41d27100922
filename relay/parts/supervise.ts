import { type ChildProcess, fork } from 'node:child_process'
import type { FromPart, ToPart } from './messages.ts'

export interface PartOptions {
  /** Name in the log. */
  name: string
  /** Script that the process runs. */
  script: string
  /** Environment variable of the port, which the part keeps over restarts. */
  portVariable: string
  onMessage(message: FromPart): void
  /** Called when the part serves, after the first start and after each restart. */
  onReady(ready: Extract<FromPart, { kind: 'ready' }>): void
  log(line: string): void
}

export interface Part {
  /** Rejects with the reason when the first start fails. */
  started: Promise<Extract<FromPart, { kind: 'ready' }>>
  /** False while the part is down. */
  send(message: ToPart): boolean
  /** Undefined while it is down. */
  pid(): number | undefined
  stop(): Promise<void>
}

/** Delay before the first restart, its maximum, and the time a part must serve to reset it (ms). */
const firstDelayMs = 100
const maxDelayMs = 10_000
const steadyMs = 30_000

/** Time to stop before the process is killed (ms); a part exits after a second (`part.ts`). */
const stopTimeoutMs = 1_200

/**
 * Runs a part of the server in its own process and restarts it whenever it ends: after an error, out of memory, or
 * killed. The part also ends with the supervising process, because that closes their channel.
 */
export const supervise = (options: PartOptions): Part => {
  const first = Promise.withResolvers<Extract<FromPart, { kind: 'ready' }>>()
  let child: ChildProcess | undefined
  let environment: Record<string, string> = {}
  let delayMs = firstDelayMs
  let hasServed = false
  let stopping = false
  let restart: NodeJS.Timeout | undefined

  const start = (): void => {
    const started = fork(options.script, [], { env: { ...process.env, ...environment } })
    let failure: string | undefined
    let readyAt: number | undefined
    child = started
    started.on('message', (message: FromPart) => {
      if (message.kind === 'failed') failure = message.message
      else if (message.kind === 'ready') {
        readyAt = performance.now()
        hasServed = true
        environment = { [options.portVariable]: String(message.port) }
        options.onReady(message)
        first.resolve(message)
      } else options.onMessage(message)
    })
    // The child could not be spawned or reached: `exit` follows or has been emitted.
    started.on('error', () => {})
    started.on('exit', (code, signal) => {
      if (child === started) child = undefined
      if (stopping) return
      const reason = failure ?? `It ended with ${signal ?? code}.`
      if (!hasServed) return first.reject(new Error(reason))
      if (readyAt !== undefined && performance.now() - readyAt >= steadyMs) delayMs = firstDelayMs
      options.log(`The ${options.name} is down and will be restarted. ${reason}`)
      restart = setTimeout(start, delayMs)
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
      clearTimeout(restart)
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
