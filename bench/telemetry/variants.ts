import { createTelemetry } from '../../workers/telemetry/create-telemetry.ts'
import { noTelemetry } from '../../workers/telemetry/no-telemetry.ts'
import { createSpanRecorder } from '../../workers/telemetry/span-recorder.ts'
import type { Meter, Telemetry, Tracer } from '../../workers/telemetry/telemetry.ts'
import { createTraceStore } from '../../workers/telemetry/trace-store.ts'

/**
 * The ways to run a workload. `off` replaces tracer and meter by ones that record nothing; `off again` is the same
 * once more, whose difference from `off` is what this machine and method cannot tell from nothing.
 */
export const variants = ['off', 'off again', 'on'] as const

export type Variant = (typeof variants)[number]

export const isVariant = (name: string): name is Variant => (variants as readonly string[]).includes(name)

/** What the engines and nodes of one process use. */
export interface VariantTelemetry {
  /** Of nodes without an engine. */
  readonly telemetry: Telemetry
  /** Replaces tracer and meter of an engine; nothing if the engine uses its own. */
  readonly engine: { tracer?: Tracer; meter?: Meter }
}

export const telemetryOf = (variant: Variant): VariantTelemetry => {
  if (variant !== 'on') {
    const { tracer, meter } = noTelemetry
    return { telemetry: noTelemetry, engine: { tracer, meter } }
  }
  // Assembled as in workers/engine/create-engine.ts.
  const { telemetry } = createTelemetry({
    now: Date.now,
    write: (line) => console.log(line),
    tracer: createSpanRecorder({
      clocks: { wall: Date.now, monotonic: () => performance.now() },
      random: Math.random,
      exportRatio: () => 0,
      onTrace: createTraceStore().add,
    }),
  })
  return { telemetry, engine: {} }
}
