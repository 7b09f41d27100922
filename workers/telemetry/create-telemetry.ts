import { createConsoleLogger } from './console-logger.ts'
import { createInMemoryMeter, type MeterReader } from './in-memory-meter.ts'
import { noTelemetry } from './no-telemetry.ts'
import type { Telemetry, Tracer } from './telemetry.ts'

export interface TelemetryOptions {
  /** Rooms whose logs are written, separated by commas; `*` means all. Without it nothing is logged. */
  debug?: string | undefined
  /** Milliseconds since the epoch, for the time of a line. */
  now(): number
  write(line: string): void
  /** Records nothing when not given. */
  tracer?: Tracer | undefined
}

/** The telemetry of one process: figures in memory, logs of the rooms that are named, and the tracer that is given. */
export const createTelemetry = ({
  debug,
  now,
  write,
  tracer = noTelemetry.tracer,
}: TelemetryOptions): { telemetry: Telemetry; figures: MeterReader } => {
  const { meter, reader } = createInMemoryMeter()
  const logger = debug === undefined ? noTelemetry.logger : createConsoleLogger({ rooms: debug, now, write })
  return { telemetry: { tracer, meter, logger }, figures: reader }
}
