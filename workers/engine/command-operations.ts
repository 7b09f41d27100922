import { isUnmeasured } from '../contract/command-table.ts'
import { isFailure } from '../contract/failures.ts'
import { type Operation, runOperation, untraced } from '../telemetry/operation.ts'
import type { Counter, SpanContext, Telemetry } from '../telemetry/telemetry.ts'

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

/** Answers of a command that need no operation: from memory, synchronously. Undefined when there is none. */
export type FromMemory<Commands extends Record<keyof Commands, Command>> = {
  [Name in keyof Commands]?: (...given: Parameters<Commands[Name]>) => Awaited<ReturnType<Commands[Name]>> | undefined
}

export interface CommandOperationsOptions<Commands extends Record<keyof Commands, Command>> {
  telemetry: Pick<Telemetry, 'tracer' | 'meter'>
  /** Cancels all operations. */
  signal: AbortSignal
  fromMemory?: FromMemory<Commands>
}

/**
 * Starts an operation for each call, in a span `command` that ends with the call's outcome, and counts it. A call that is
 * answered from memory is only counted.
 */
export const startCommandOperations = <Commands extends Record<keyof Commands, Command>>(
  commands: WithOperation<Commands>,
  { telemetry, signal, fromMemory = {} }: CommandOperationsOptions<Commands>,
): { commands: Commands; run: RunCommand<Commands> } => {
  const finished = telemetry.meter.createCounter('operations_total')
  type Run = (given: readonly unknown[], context: SpanContext | undefined) => Promise<unknown>

  const measured = (name: string, command: (operation: Operation, ...given: unknown[]) => unknown): Run => {
    if (isUnmeasured(name)) {
      const operation = untraced(signal)
      return async (given) => command(operation, ...given)
    }
    const answerOf = (fromMemory as Record<string, ((...given: unknown[]) => unknown) | undefined>)[name]
    const attributes = { command: name }
    const count = createOutcomeCount(finished, name)
    const runCommand: Run = (given, context) => {
      const work = (operation: Operation): unknown => command(operation, ...given)
      return runOperation(telemetry.tracer, 'command', signal, work, attributes, { context })
    }
    return async (given, context) => {
      try {
        const result = answerOf?.(...given) ?? (await runCommand(given, context))
        count('ok')
        return result
      } catch (error) {
        count(isFailure(error, 'Cancelled') || isFailure(error, 'Stopped') ? 'cancelled' : 'failed')
        throw error
      }
    }
  }

  const runByName = Object.fromEntries(
    Object.entries(commands).map(([name, command]) => [
      name,
      measured(name, command as (operation: Operation, ...given: unknown[]) => unknown),
    ]),
  ) as Record<keyof Commands, Run>
  return {
    commands: Object.fromEntries(
      Object.entries<Run>(runByName).map(([name, run]) => [name, (...given: unknown[]) => run(given, undefined)]),
    ) as unknown as Commands,
    run: (name, given, context) => runByName[name](given, context),
  }
}

type Outcome = 'ok' | 'failed' | 'cancelled'

/** Looks up each series once, so that counting allocates nothing. */
const createOutcomeCount = (finished: Counter, command: string): ((outcome: Outcome) => void) => {
  const bound: { [Of in Outcome]?: Pick<Counter, 'add'> } = {}
  return (outcome) => {
    bound[outcome] ??= finished.with({ command, outcome })
    bound[outcome].add(1)
  }
}
