import { createTelemetryExport } from '../../workers/engine/telemetry-export.ts'
import { createTracing } from '../../workers/engine/tracing.ts'
import { webCrypto, webKeys } from '../../workers/stack/web-crypto.ts'
import { createMemoryStore } from '../../workers/store/memory-store.ts'
import { createTelemetry } from '../../workers/telemetry/create-telemetry.ts'
import { noTelemetry } from '../../workers/telemetry/no-telemetry.ts'
import type { Meter, Telemetry, Tracer } from '../../workers/telemetry/telemetry.ts'

/**
 * The ways to run a workload. `off` replaces tracer and meter by ones that record nothing; `off again` is the same
 * once more, whose difference from `off` is what this machine and method cannot tell from nothing. With export, all
 * traces are sent to a collector in another process.
 */
export const variants = ['off', 'off again', 'on', 'on and exported'] as const

export type Variant = (typeof variants)[number]

export const isVariant = (name: string): name is Variant => (variants as readonly string[]).includes(name)

/** What the engines and nodes of one process use. */
export interface VariantTelemetry {
  /** Of nodes without an engine. */
  readonly telemetry: Telemetry
  /** How engines are started. */
  readonly engine: { tracer?: Tracer; meter?: Meter; origin?: string }
  readonly isExported: boolean
}

/** @param collector URL of the server with the collector. */
export const telemetryOf = async (variant: Variant, collector: string): Promise<VariantTelemetry> => {
  if (variant === 'off' || variant === 'off again') {
    const { tracer, meter } = noTelemetry
    return { telemetry: noTelemetry, engine: { tracer, meter }, isExported: false }
  }
  const isExported = variant === 'on and exported'
  return {
    telemetry: await assemble(isExported ? collector : undefined),
    engine: isExported ? { origin: collector } : {},
    isExported,
  }
}

/** Assembles what an engine assembles (workers/engine/create-engine.ts), for nodes without one. */
const assemble = async (origin: string | undefined): Promise<Telemetry> => {
  const clocks = { wall: Date.now, monotonic: () => performance.now() }
  const tracing = createTracing({ clocks, random: Math.random, randomUuid: () => crypto.randomUUID() })
  const { telemetry, figures } = createTelemetry({
    now: clocks.wall,
    write: (line) => console.log(line),
    tracer: tracing.tracer,
  })
  const telemetryExport = await createTelemetryExport({
    platform: { origin, clocks, crypto: webCrypto, keys: webKeys },
    store: createMemoryStore(),
    figures,
    flushTraces: tracing.flush,
  })
  tracing.exportWith(telemetryExport)
  if (origin !== undefined) await telemetryExport.set({ export: true })
  return telemetry
}
