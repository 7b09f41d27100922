import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

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

/**
 * Starts an operation for each call, named after the command. It ends with the call's outcome; `signal` cancels it.
 */
export const startCommandOperations = <Commands extends Record<keyof Commands, Command>>(
  commands: WithOperation<Commands>,
  { tracer }: Pick<Telemetry, 'tracer'>,
  signal: AbortSignal,
): Commands => {
  const started = Object.entries(commands).map(([name, command]) => [
    name,
    (...given: unknown[]) =>
      runOperation(tracer, name, signal, (operation) =>
        (command as (operation: Operation, ...given: unknown[]) => unknown)(operation, ...given),
      ),
  ])
  return Object.fromEntries(started) as Commands
}
