import { noSpan, noTelemetry } from './no-telemetry.ts'
import type { Counter, Histogram, Meter, Span, SpanOptions, Tracer } from './telemetry.ts'

/**
 * Keeps failures of a tracer or meter from outside away from the operations that use it. Those of this folder catch what
 * they call themselves, so that they need no second layer.
 */
export const unfailingTracer = (tracer: Tracer): Tracer => {
  if (tracer === noTelemetry.tracer) return tracer
  const originals = new WeakMap<Span, Span>()

  const toOriginal = (options: SpanOptions | undefined): SpanOptions | undefined =>
    options?.parent === undefined ? options : { ...options, parent: originals.get(options.parent) ?? options.parent }

  return {
    startSpan(name, options) {
      const original = attempt(() => tracer.startSpan(name, toOriginal(options)), noSpan)
      const span: Span = {
        setAttributes: (attributes) => attempt(() => original.setAttributes(attributes), undefined),
        addEvent: (event, attributes) => attempt(() => original.addEvent(event, attributes), undefined),
        setRemoteParent: (context) => attempt(() => original.setRemoteParent(context), undefined),
        recordException: (error) => attempt(() => original.recordException(error), undefined),
        end: () => attempt(() => original.end(), undefined),
        exportedContext: () => attempt(() => original.exportedContext(), undefined),
      }
      originals.set(span, original)
      return span
    },
  }
}

export const unfailingMeter = (meter: Meter): Meter => {
  const { meter: none } = noTelemetry
  if (meter === none) return meter
  return {
    createCounter: (name) => unfailingCounter(attempt(() => meter.createCounter(name), none.createCounter(name))),
    createHistogram: (name) =>
      unfailingHistogram(attempt(() => meter.createHistogram(name), none.createHistogram(name))),
    createObservableCounter: (name, observe) =>
      unfailingRemoval(attempt(() => meter.createObservableCounter(name, observe), nothing)),
    createObservableGauge: (name, observe) =>
      unfailingRemoval(attempt(() => meter.createObservableGauge(name, observe), nothing)),
  }
}

const unfailingCounter = (counter: Counter): Counter => ({
  add: (value, attributes) => attempt(() => counter.add(value, attributes), undefined),
  with(attributes) {
    const series = attempt(() => counter.with(attributes), undefined)
    return { add: (value) => attempt(() => series?.add(value), undefined) }
  },
})

const unfailingHistogram = (histogram: Histogram): Histogram => ({
  record: (value, attributes) => attempt(() => histogram.record(value, attributes), undefined),
})

const unfailingRemoval =
  (remove: () => void): (() => void) =>
  () =>
    attempt(remove, undefined)

const nothing = (): void => {}

const attempt = <T>(work: () => T, otherwise: T): T => {
  try {
    return work()
  } catch {
    return otherwise
  }
}
