import { type Operation, runOperation } from '../telemetry/operation.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

type Command = (...given: never[]) => unknown

/** Commands whose first parameter is the operation that the call runs in. */
export type WithOperation<Commands extends Record<keyof Commands, Command>> = {
  [Name in keyof Commands]: (operation: Operation, ...given: Parameters<Commands[Name]>) => ReturnType<Commands[Name]>
}

/** Commands without work to measure or cancel, which receive the operation and ignore it. */
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
 * Starts an operation for each call of a command, named after the command. It ends with the outcome of the call, and is
 * cancelled by `signal`.
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
