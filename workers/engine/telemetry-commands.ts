import type { EngineCommands } from '../contract/commands.ts'
import type { PercentileView } from '../contract/telemetry-views.ts'
import { percentileOf } from '../telemetry/exponential-histogram.ts'
import type { MeterReader } from '../telemetry/in-memory-meter.ts'
import { type HistogramName, histograms } from '../telemetry/instruments.ts'
import { assertTelemetryOptions } from './arguments.ts'
import type { ObjectiveMonitor } from './objective-monitor.ts'
import type { TelemetryExport } from './telemetry-export.ts'
import type { Tracing } from './tracing.ts'

export interface TelemetryCommandDependencies {
  figures: MeterReader
  tracing: Pick<Tracing, 'traces'>
  telemetryExport: Pick<TelemetryExport, 'view' | 'set'>
  objectives: Pick<ObjectiveMonitor, 'view'>
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
  objectives,
}: TelemetryCommandDependencies): TelemetryCommands => ({
  samples: async () => ({
    times: new Float64Array(),
    columns: {},
    points: { dht_lookup: none(), search: none(), install: none(), gossip_propagation: none() },
    events: [],
  }),
  percentiles: async () => percentilesOf(figures),
  traces: tracing.traces,
  objectives: async () => objectives.view(),
  telemetry: telemetryExport.view,
  async setTelemetry(options) {
    assertTelemetryOptions(options)
    return telemetryExport.set(options)
  },
})

const none = () => ({ times: new Float64Array(), values: new Float64Array() })

const durations = (Object.keys(histograms) as HistogramName[]).filter((name) => histograms[name].unit === 'ms')

const percentilesOf = (figures: Pick<MeterReader, 'histogram'>): Record<string, PercentileView> =>
  Object.fromEntries(
    durations.map((name) => {
      const snapshot = figures.histogram(name)
      const at = (share: number): number => percentileOf(snapshot, share)
      return [name, { count: snapshot.count, p50: at(0.5), p95: at(0.95), p99: at(0.99) }]
    }),
  )
