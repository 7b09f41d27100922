import type { Counter, Histogram, Logger, Meter, Span, Telemetry, Tracer } from './telemetry.ts'

const nothing = (): void => {}

export const noSpan: Span = {
  setAttributes: nothing,
  addEvent: nothing,
  setRemoteParent: nothing,
  recordException: nothing,
  end: nothing,
  exportedContext: () => undefined,
}
const noTracer: Tracer = { startSpan: () => noSpan }
const noCounter: Counter = { add: nothing, with: () => noCounter }
const noHistogram: Histogram = { record: nothing }
const noMeter: Meter = {
  createCounter: () => noCounter,
  createHistogram: () => noHistogram,
  createObservableCounter: () => nothing,
  createObservableGauge: () => nothing,
}
export const noLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }

/** Telemetry that records nothing, for tests and benchmarks. */
export const noTelemetry: Telemetry = { tracer: noTracer, meter: noMeter, logger: () => noLogger }
