import type { FailureView } from '../../workers/contract/failures.ts'
import type { EngineClient } from '../engine/client.ts'
import { toFailureView } from './failure-view.ts'

/** Commands of the network page. Their callers show the outcome, so they return it and never reject. */
export type NetworkCommands = { [Name in NetworkCommand]: Returning<EngineClient[Name]> }

type NetworkCommand = (typeof networkCommands)[number]

type Returning<Command extends (...given: never[]) => Promise<unknown>> = (
  ...given: Parameters<Command>
) => Promise<Awaited<ReturnType<Command>> | FailureView>

const networkCommands = [
  'samples',
  'percentiles',
  'traces',
  'objectives',
  'reputation',
  'peer',
  'ping',
  'disconnect',
  'ban',
  'unban',
  'telemetry',
  'setTelemetry',
] as const

export const createNetworkCommands = (client: EngineClient): NetworkCommands =>
  Object.fromEntries(
    networkCommands.map((name) => {
      const command = client[name] as (...given: unknown[]) => Promise<unknown>
      return [name, (...given: unknown[]) => command(...given).catch(toFailureView)]
    }),
  ) as unknown as NetworkCommands
