import { ruleOf, type TabCommand } from '../../workers/contract/command-table.ts'
import { Failure, isFailure } from '../../workers/contract/failures.ts'

/** Where commands go at the moment: the engine of this page, or that of another tab. */
export interface Route {
  call(command: TabCommand, args: unknown[]): Promise<unknown>
}

/**
 * Brings each command to the engine that there is, and again to the next one when that one is gone before it answered.
 *
 * Guarantees: a command that was called settles once some engine lived long enough to answer it, exactly once, whichever
 * engine did the work. That is sound because doing a command twice is as doing it once: reading changes nothing, a
 * publish of the same content and a second yank are no-ops, an install is known by its transfer, a cancel ends what is
 * under way; an uninstall whose first try worked finds nothing, which is told as the success that it was. Which command
 * follows which rule stands in the table of commands; one that is about what its engine alone had fails as `Stopped`.
 * A command that was under way when two engines in a row stopped answering fails as `Timeout`: it may be what stops them.
 * Not guaranteed: bytes that the caller changes before its command settled are sent again as they are then.
 */
export interface CallRouter {
  call(command: TabCommand, args: unknown[]): Promise<unknown>
  /** Commands go here from now on, also those that wait or were under way; undefined: they wait. */
  use(route: Route | undefined): void
  /** The engine that commands went to has stopped answering; they wait for the next one. */
  stuck(): void
}

interface PendingCall {
  command: TabCommand
  args: unknown[]
  attempts: number
  /** Engines that stopped answering while they had it. */
  stuck: number
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** Engines that may stop answering under a command before it is given up. */
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
    route.call(call.command, call.args).then(
      (value) => {
        pending.delete(call)
        call.resolve(value)
      },
      (error: unknown) => {
        // An engine that is being ended says so of everything; the next one is asked instead.
        if (route !== current) return
        pending.delete(call)
        const { doneBefore } = ruleOf(call.command)
        if (doneBefore !== undefined && call.attempts > 1 && isFailure(error, doneBefore)) call.resolve(undefined)
        else call.reject(error)
      },
    )
  }

  /** Of what had an engine, ends what no other one can answer. */
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
        // Whatever hangs an engine, it is not that it says how it is.
        if (call.stuck < maxStuck || ruleOf(call.command).harmless) continue
        pending.delete(call)
        call.reject(new Failure('Timeout', { code: 'engine-stuck-twice' }))
      }
    },
    call(command, args) {
      const { transfer: role } = ruleOf(command)
      const known = role === 'begins' ? withTransferId(args) : args
      if (role === 'cancels' && typeof args[0] === 'string') cancelled.add(args[0])
      return new Promise((resolve, reject) => {
        const call = { command, args: known, attempts: 0, stuck: 0, resolve, reject }
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

/** An install that may have to be asked for twice is known by its transfer from the start. */
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
