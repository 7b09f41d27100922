import { commandNames } from '../contract/command-table.ts'
import type { EngineCommands, StartOptions } from '../contract/commands.ts'
import { Failure, toFailure } from '../contract/failures.ts'

/** The commands that an engine answers once it is up. */
export type RunningEngine = Omit<EngineCommands, 'start'>

/**
 * The engine's commands before the engine exists: each waits for `start`, and every rejection is a named failure.
 *
 * It can be exposed synchronously, which it must be: a call that reaches a worker before `expose` is never answered.
 */
export const createCommandGate = (create: (options: StartOptions) => Promise<RunningEngine>): EngineCommands => {
  const started = Promise.withResolvers<RunningEngine>()
  started.promise.catch(() => {})
  let asked = false

  const named = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      throw toFailure(thrown)
    }
  }

  const start = (options: StartOptions): Promise<void> =>
    named(async () => {
      if (asked) throw new Failure('InvalidArgument', { code: 'already-started' })
      asked = true
      create(options).then(started.resolve, started.reject)
      await started.promise
    })

  const commands = Object.fromEntries(
    commandNames.map((name) => [
      name,
      name === 'start'
        ? start
        : (...given: unknown[]) =>
            named(async () => {
              const engine = await started.promise
              return (engine[name] as (...values: unknown[]) => Promise<unknown>)(...given)
            }),
    ]),
  )
  return commands as unknown as EngineCommands
}
