import type { TracesOptions, TraceView } from '../contract/telemetry-views.ts'
import { createTokenBucket } from '../stack/token-bucket.ts'
import type { SpanConverter } from '../telemetry/otel/span-converter.ts'
import { settledWithin } from '../telemetry/settled-within.ts'
import { createSpanRecorder } from '../telemetry/span-recorder.ts'
import type { Meter, Tracer } from '../telemetry/telemetry.ts'
import { createTracePipeline } from '../telemetry/trace-pipeline.ts'
import { createTraceStore } from '../telemetry/trace-store.ts'
import type { Platform } from './platform.ts'
import { selectTraces, toTraceView } from './trace-views.ts'

/** The engine's traces: recorded as plain data, turned into spans of the OpenTelemetry SDK, kept for the page. */
export interface Tracing {
  readonly tracer: Tracer
  /** The kept traces, newest first, with those that ended just now. */
  traces(limit?: number, options?: TracesOptions): Promise<TraceView[]>
  /** Converts what waits; loads the SDK if it has not been loaded. */
  flush(): Promise<void>
  /** Reports the figures of the pipeline itself. */
  measure(meter: Meter): void
  /** Decides about traces that begin and about spans from now on. */
  exportWith(exporting: TraceExport): void
  stop(): void
}

/** The export of traces, as far as the pipeline knows it. */
export interface TraceExport {
  /** Share of traces to export, 0 to 1. */
  ratio(): number
  /** Called before the first trace is converted. Never rejects. */
  attach(converter: SpanConverter): Promise<void>
}

/** Time that a list of traces waits for the SDK (ms); it then lacks those that have not been converted. */
const flushMs = 5_000

export const createTracing = ({
  clocks,
  random,
  randomUuid,
}: Pick<Platform, 'clocks' | 'random' | 'randomUuid'>): Tracing => {
  const kept = createTraceStore<TraceView>()
  let exporting: TraceExport | undefined
  const pipeline = createTracePipeline({
    async load() {
      // Loaded after the start, so that the worker's first load does not grow.
      const { createSpanConverter } = await import('../telemetry/otel/span-converter.ts')
      const converter = createSpanConverter(randomUuid())
      await exporting?.attach(converter)
      return converter
    },
    onTrace(spans) {
      const view = toTraceView(spans)
      if (view !== undefined) kept.add(view)
    },
    limitRate: (rate) => createTokenBucket(rate, clocks.monotonic).tryTake,
  })

  return {
    tracer: createSpanRecorder({
      clocks,
      random,
      exportRatio: () => exporting?.ratio() ?? 0,
      keeps: pipeline.keeps,
      onTrace: pipeline.add,
    }),
    async traces(limit, options) {
      await settledWithin(flushMs, pipeline.flush())
      return selectTraces(kept.list(), limit, options)
    },
    flush: pipeline.flush,
    measure(meter) {
      meter.createObservableCounter('traces_not_kept', () =>
        Object.entries(pipeline.notKept()).map(([reason, value]) => ({ value, attributes: { reason } })),
      )
    },
    exportWith(given) {
      exporting = given
    },
    stop: pipeline.stop,
  }
}
