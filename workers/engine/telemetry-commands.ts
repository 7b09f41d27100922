import type { EngineCommands } from '../contract/commands.ts'
import type { PercentileView } from '../contract/telemetry-views.ts'
import { percentileOf } from '../telemetry/exponential-histogram.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import { type HistogramName, histograms } from '../telemetry/instruments.ts'
import { assertSamplesArguments, assertTelemetryOptions, assertTracesArguments } from './arguments.ts'
import type { Measurements } from './measurements.ts'
import type { TelemetryExport } from './telemetry-export.ts'
import type { Tracing } from './tracing.ts'

export interface TelemetryCommandDependencies {
  figures: MeterReader
  tracing: Pick<Tracing, 'traces'>
  telemetryExport: Pick<TelemetryExport, 'view' | 'set'>
  /** Rejects when they cannot be loaded. */
  measurements(): Promise<Pick<Measurements, 'view' | 'objectives'>>
}

export type TelemetryCommands = Pick<
  EngineCommands,
  'samples' | 'percentiles' | 'traces' | 'objectives' | 'telemetry' | 'setTelemetry'
>

/** The commands that tell about the engine's own work. */
export const createTelemetryCommands = ({
  figures,
  tracing,
  telemetryExport,
  measurements,
}: TelemetryCommandDependencies): TelemetryCommands => ({
  async samples(since, options) {
    assertSamplesArguments(since, options)
    return (await measurements()).view(since, options)
  },
  percentiles: async () => percentilesOf(figures),
  async traces(limit, options) {
    assertTracesArguments(limit, options)
    return tracing.traces(limit, options)
  },
  objectives: async () => (await measurements()).objectives(),
  telemetry: telemetryExport.view,
  async setTelemetry(options) {
    assertTelemetryOptions(options)
    return telemetryExport.set(options)
  },
})

const durations = (Object.keys(histograms) as HistogramName[]).filter((name) => histograms[name].unit === 'ms')

const percentilesOf = (figures: Pick<MeterReader, 'histogram'>): Record<string, PercentileView> =>
  Object.fromEntries(
    durations.map((name) => {
      const snapshot = figures.histogram(name)
      const at = (share: number): number => percentileOf(snapshot, share)
      return [name, { count: snapshot.count, p50: at(0.5), p95: at(0.95), p99: at(0.99) }]
    }),
  )
