import type { EngineCommands } from '../contract/commands.ts'
import type { PercentileView } from '../contract/telemetry-views.ts'
import { percentileOf } from '../telemetry/exponential-histogram.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import { type HistogramName, histograms } from '../telemetry/instruments.ts'
import type { TraceStore } from '../telemetry/trace-store.ts'
import { assertSamplesArguments, assertTracesArguments } from './arguments.ts'
import type { Samples } from './samples.ts'
import { toTraceViews } from './trace-views.ts'

export interface TelemetryCommandDependencies {
  figures: MeterReader
  traces: Pick<TraceStore, 'list'>
  samples(): Promise<Pick<Samples, 'view'>>
}

export type TelemetryCommands = Pick<
  EngineCommands,
  'samples' | 'percentiles' | 'traces' | 'objectives' | 'telemetry' | 'setTelemetry'
>

/** The commands that tell about the engine's own work. */
export const createTelemetryCommands = ({
  figures,
  traces,
  samples,
}: TelemetryCommandDependencies): TelemetryCommands => ({
  async samples(since, options) {
    assertSamplesArguments(since, options)
    return (await samples()).view(since, options)
  },
  percentiles: async () => percentilesOf(figures),
  async traces(limit, options) {
    assertTracesArguments(limit, options)
    return toTraceViews(traces.list(), limit, options)
  },
  objectives: async () => [],
  telemetry: async () => ({ export: false, ratio: 1, collector: 'unknown' }),
  setTelemetry: async () => ({ export: false, ratio: 1, collector: 'unknown' }),
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
