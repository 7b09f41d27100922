import { commandNames } from '../contract/command-table.ts'
import type { EngineCommands, StartOptions, TracedCommands } from '../contract/commands.ts'
import { Failure, toFailure } from '../contract/failures.ts'

/** The commands of an engine that has started. */
export type RunningEngine = Omit<EngineCommands, 'start'> & Pick<TracedCommands, 'run'>

/**
 * Accepts the engine's commands before the engine exists: each waits for `start`, and rejects only with named failures.
 *
 * Created synchronously so that it can be exposed at once: comlink never answers a call that arrives before `expose`.
 */
export const createCommandGate = (create: (options: StartOptions) => Promise<RunningEngine>): TracedCommands => {
  const started = Promise.withResolvers<RunningEngine>()
  started.promise.catch(() => {})
  let isStarting = false

  const named = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (thrown) {
      throw toFailure(thrown)
    }
  }

  const start = (options: StartOptions): Promise<void> =>
    named(async () => {
      if (isStarting) throw new Failure('InvalidArgument', { code: 'already-started' })
      isStarting = true
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
  return {
    ...(commands as unknown as EngineCommands),
    run: (trace, name, ...given) => named(async () => (await started.promise).run(trace, name, ...given)),
  }
}
