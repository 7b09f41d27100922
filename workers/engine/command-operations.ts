import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { SpanContext, Telemetry } from '../telemetry/telemetry.ts'

type Command = (...given: never[]) => unknown

/** Commands that take the operation of the call as their first parameter. */
export type WithOperation<Commands extends Record<keyof Commands, Command>> = {
  [Name in keyof Commands]: (operation: Operation, ...given: Parameters<Commands[Name]>) => ReturnType<Commands[Name]>
}

/** Adapts commands that have no work to measure or cancel: they ignore the operation. */
export const ignoringOperation = <Commands extends Record<keyof Commands, Command>>(
  commands: Commands,
): WithOperation<Commands> =>
  Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [
      name,
      (_: Operation, ...given: unknown[]) => (command as (...given: unknown[]) => unknown)(...given),
    ]),
  ) as unknown as WithOperation<Commands>

/** Runs a command by its name. `context`: the ids of its span, chosen by the page. */
export type RunCommand<Commands> = (
  name: keyof Commands,
  given: readonly unknown[],
  context: SpanContext | undefined,
) => Promise<unknown>

/**
 * Starts an operation for each call, named after the command. It ends with the call's outcome; `signal` cancels it.
 */
export const startCommandOperations = <Commands extends Record<keyof Commands, Command>>(
  commands: WithOperation<Commands>,
  { tracer }: Pick<Telemetry, 'tracer'>,
  signal: AbortSignal,
): { commands: Commands; run: RunCommand<Commands> } => {
  const run: RunCommand<Commands> = (name, given, context) =>
    runOperation(
      tracer,
      String(name),
      signal,
      (operation) => (commands[name] as (operation: Operation, ...given: unknown[]) => unknown)(operation, ...given),
      {},
      { context },
    )
  const started = (Object.keys(commands) as (keyof Commands)[]).map((name) => [
    name,
    (...given: unknown[]) => run(name, given, undefined),
  ])
  return { commands: Object.fromEntries(started) as Commands, run }
}
