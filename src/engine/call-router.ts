import { ruleOf, type TabCommand } from '../../workers/contract/command-table.ts'
import { Failure, isFailure } from '../../workers/contract/failures.ts'
import { createTraceId, startTraceparent } from './trace-context.ts'

/** The current target of commands: the engine of this page or of another tab. */
export interface Route {
  /** @param trace W3C `traceparent` with the ids of the command's span. */
  call(command: TabCommand, args: unknown[], trace?: string): Promise<unknown>
}

/**
 * Sends each command to the current engine, and again to the next one if that engine ends before it answers.
 *
 * Guarantees: a command settles exactly once, as soon as an engine lives long enough to answer it. Retries are safe
 * because commands are idempotent: reads change nothing, a repeated publish or yank is a no-op, an install is
 * identified by its transfer, a cancel ends what is running, and an uninstall that finds nothing on a retry counts as
 * success. The command table holds the rule of each command; one that depends on state of its engine fails as
 * `Stopped`. A command that was pending while two engines in a row stopped answering fails as `Timeout`, because it may
 * be the cause. Not guaranteed: bytes that the caller modifies before its command settles are resent as modified.
 */
export interface CallRouter {
  /** @param traceId Of the command's trace, at every engine that it is sent to. */
  call(command: TabCommand, args: unknown[], traceId?: string): Promise<unknown>
  /** Routes all commands here from now on, including pending ones; undefined makes them wait. */
  use(route: Route | undefined): void
  /** Reports that the current engine has stopped answering; commands wait for the next one. */
  stuck(): void
}

interface PendingCall {
  command: TabCommand
  args: unknown[]
  traceId: string
  attempts: number
  /** Engines that stopped answering while this call was pending. */
  stuck: number
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** Engines that may stop answering during a command before the command fails. */
const maxStuck = 2

export const createCallRouter = (): CallRouter => {
  const pending = new Set<PendingCall>()
  const cancelled = new Set<string>()
  let current: Route | undefined

  const send = (call: PendingCall): void => {
    const route = current
    if (route === undefined) return
    const transfer = transferOf(call)
    if (call.attempts > 0 && transfer !== undefined && cancelled.has(transfer)) {
      pending.delete(call)
      call.reject(new Failure('Cancelled', { code: 'install-cancelled' }))
      return
    }
    call.attempts += 1
    route.call(call.command, call.args, startTraceparent(call.traceId)).then(
      (value) => {
        pending.delete(call)
        call.resolve(value)
      },
      (error: unknown) => {
        // An engine that is ending rejects every command; the next engine answers them.
        if (route !== current) return
        pending.delete(call)
        const { doneBefore } = ruleOf(call.command)
        if (doneBefore !== undefined && call.attempts > 1 && isFailure(error, doneBefore)) call.resolve(undefined)
        else call.reject(error)
      },
    )
  }

  /** Rejects calls that were sent to an engine and that no other engine can answer. */
  const endBound = (): void => {
    for (const call of [...pending]) {
      if (call.attempts === 0 || ruleOf(call.command).retry !== 'same-engine') continue
      pending.delete(call)
      call.reject(engineGone())
    }
  }

  return {
    stuck() {
      current = undefined
      endBound()
      for (const call of [...pending]) {
        call.stuck += 1
        // A status query cannot be what hangs an engine.
        if (call.stuck < maxStuck || ruleOf(call.command).harmless) continue
        pending.delete(call)
        call.reject(new Failure('Timeout', { code: 'engine-stuck-twice' }))
      }
    },
    call(command, args, traceId = createTraceId()) {
      const { transfer: role } = ruleOf(command)
      const sentArgs = role === 'begins' ? withTransferId(args) : args
      if (role === 'cancels' && typeof args[0] === 'string') cancelled.add(args[0])
      return new Promise((resolve, reject) => {
        const call = { command, args: sentArgs, traceId, attempts: 0, stuck: 0, resolve, reject }
        const transfer = transferOf(call)
        if (transfer !== undefined) cancelled.delete(transfer)
        pending.add(call)
        send(call)
      })
    },
    use(route) {
      current = route
      endBound()
      for (const call of [...pending]) send(call)
    },
  }
}

const engineGone = (): Failure => new Failure('Stopped', { code: 'engine-ended' })

/** Gives an install its transfer id in advance, so that a retry continues the same transfer. */
const withTransferId = (args: unknown[]): unknown[] => {
  const [specs, options] = args
  if (options !== undefined && (typeof options !== 'object' || options === null)) return args
  return [specs, { ...options, transferId: (options as { transferId?: string })?.transferId ?? crypto.randomUUID() }]
}

const transferOf = ({ command, args }: Pick<PendingCall, 'command' | 'args'>): string | undefined => {
  if (ruleOf(command).transfer !== 'begins') return undefined
  const id = (args[1] as { transferId?: unknown } | null | undefined)?.transferId
  return typeof id === 'string' ? id : undefined
}
