import { createConsoleLogger } from './console-logger.ts'
import { createInMemoryMeter, type MeterReader } from './in-memory-meter.ts'
import { noTelemetry } from './no-telemetry.ts'
import type { Meter, Telemetry, Tracer } from './telemetry.ts'
import { unfailingMeter, unfailingTracer } from './unfailing.ts'

export interface TelemetryOptions {
  /** Comma-separated rooms to log; `*` means all. Without it nothing is logged. */
  debug?: string | undefined
  /** Clock for the time of a line (ms since the epoch). */
  now(): number
  write(line: string): void
  tracer: Tracer
  /** Replaces `tracer` by one that may throw. */
  otherTracer?: Tracer | undefined
  /** Replaces the meter in memory, whose reader then finds nothing, by one that may throw. */
  otherMeter?: Meter | undefined
}

/** The telemetry of one process: metrics in memory, logs of the enabled rooms, and a tracer. */
export const createTelemetry = ({
  debug,
  now,
  write,
  tracer,
  otherTracer,
  otherMeter,
}: TelemetryOptions): { telemetry: Telemetry; figures: MeterReader } => {
  const { meter: inMemory, reader } = createInMemoryMeter(now)
  const logger = debug === undefined ? noTelemetry.logger : createConsoleLogger({ rooms: debug, now, write })
  return {
    telemetry: {
      tracer: otherTracer === undefined ? tracer : unfailingTracer(otherTracer),
      meter: otherMeter === undefined ? inMemory : unfailingMeter(otherMeter),
      logger,
    },
    figures: reader,
  }
}
