import { createTelemetryExport } from '../../workers/engine/telemetry-export.ts'
import { createTracing } from '../../workers/engine/tracing.ts'
import { webCrypto, webKeys } from '../../workers/stack/web-crypto.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { createTelemetry } from '../../workers/telemetry/create-telemetry.ts'
import { noTelemetry } from '../../workers/telemetry/no-telemetry.ts'
import type { Counter, Histogram, Meter, Telemetry, Tracer } from '../../workers/telemetry/telemetry.ts'

/**
 * The ways to run an operation. `off` replaces tracer and meter by ones that record nothing; `off again` is the same
 * once more, whose difference from `off` is what this machine and method cannot tell from nothing. With export, all
 * traces are sent to a collector in another process.
 */
export const variants = ['off', 'off again', 'on', 'on and exported'] as const

export type Variant = (typeof variants)[number]

/** Telemetry that changes its variant while engines and nodes run. */
export interface SwitchedTelemetry {
  readonly telemetry: Telemetry
  use(variant: Variant): void
  /** Does the work that telemetry has postponed: converts the kept traces, and exports them. */
  settle(): Promise<void>
}

/** @param collector URL of the server with the collector. */
export const createSwitchedTelemetry = async (collector: string): Promise<SwitchedTelemetry> => {
  let variant: Variant = 'off'
  const isOn = (): boolean => variant === 'on' || variant === 'on and exported'
  const isExported = (): boolean => variant === 'on and exported'
  const { telemetry, settle } = await assemble(collector, isExported)
  return {
    telemetry: {
      tracer: switchTracer(telemetry.tracer, isOn),
      meter: switchMeter(telemetry.meter, isOn),
      logger: noTelemetry.logger,
    },
    use(next) {
      variant = next
    },
    settle,
  }
}

const switchTracer = (tracer: Tracer, isOn: () => boolean): Tracer => ({
  startSpan: (name, options) => (isOn() ? tracer : noTelemetry.tracer).startSpan(name, options),
})

const switchMeter = (meter: Meter, isOn: () => boolean): Meter => {
  const switchAdd = ({ add }: Pick<Counter, 'add'>): Counter['add'] => {
    const { add: nothing } = noTelemetry.meter.createCounter('operations_total')
    return (value, attributes) => (isOn() ? add : nothing)(value, attributes)
  }
  const switchRecord = ({ record }: Histogram): Histogram['record'] => {
    const { record: nothing } = noTelemetry.meter.createHistogram('package_search_duration')
    return (value, attributes) => (isOn() ? record : nothing)(value, attributes)
  }
  return {
    ...meter,
    createCounter(name) {
      const counter = meter.createCounter(name)
      return { add: switchAdd(counter), with: (attributes) => ({ add: switchAdd(counter.with(attributes)) }) }
    },
    createHistogram: (name) => ({ record: switchRecord(meter.createHistogram(name)) }),
  }
}

/** Assembles what an engine assembles (workers/engine/create-engine.ts). */
const assemble = async (
  origin: string,
  isExported: () => boolean,
): Promise<{ telemetry: Telemetry; settle(): Promise<void> }> => {
  const clocks = { wall: Date.now, monotonic: () => performance.now() }
  const tracing = createTracing({ clocks, random: Math.random, randomUuid: () => crypto.randomUUID() })
  const { telemetry, figures } = createTelemetry({
    now: clocks.wall,
    write: (line) => console.log(line),
    tracer: tracing.tracer,
  })
  const { set, attach, ratio, flush } = await createTelemetryExport({
    platform: { origin, clocks, crypto: webCrypto, keys: webKeys },
    store: createMemoryStore(),
    figures,
    flushTraces: tracing.flush,
  })
  tracing.exportWith({ attach, ratio: () => (isExported() ? ratio() : 0) })
  await set({ export: true })
  // Loads the SDK and the exporter.
  await tracing.flush()
  return {
    telemetry,
    settle: async () => {
      await tracing.flush()
      if (isExported()) await flush()
    },
  }
}
