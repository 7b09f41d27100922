import type { Attributes, Meter } from './telemetry.ts'

/** Measurements per histogram: an hour of a busy tab, and enough for a 99th percentile. */
const maxMeasurements = 500

/** Attribute sets per counter; further ones are summed under `overflow`, as in OpenTelemetry. */
const maxSeries = 100
const overflow: Attributes = { 'otel.metric.overflow': true }

export interface Measurement {
  readonly value: number
  readonly attributes: Attributes
}

/** Reads metrics by instrument name. A missing instrument reads like an unused one. */
export interface MeterReader {
  /** Sum of a counter since the start, over the series with all of `attributes`. */
  sum(counter: string, attributes?: Attributes): number
  /** Number of measurements of a histogram since the start. */
  count(histogram: string): number
  /** The latest measurements of a histogram, oldest first: `count` of them, at most 500. */
  latest(histogram: string, count?: number): readonly Measurement[]
  /** Current value of a gauge; undefined if it reports none. */
  gauge(name: string): number | undefined
}

/**
 * A meter that keeps its data in memory for the page. Instruments with the same name share their data across rooms.
 * Memory is bounded: counters keep their sums, histograms only the latest measurements.
 */
export const createInMemoryMeter = (): { meter: Meter; reader: MeterReader } => {
  const seriesByCounter = new Map<string, Map<string, Measurement>>()
  const latestByHistogram = new Map<string, Measurement[]>()
  const countByHistogram = new Map<string, number>()
  const observeByGauge = new Map<string, () => number | undefined>()

  const add = (series: Map<string, Measurement>, value: number, attributes: Attributes): void => {
    const key = keyOf(attributes)
    const isNew = !series.has(key)
    if (isNew && series.size >= maxSeries && attributes !== overflow) add(series, value, overflow)
    else series.set(key, { value: (series.get(key)?.value ?? 0) + value, attributes })
  }

  const meter: Meter = {
    createCounter(name) {
      const series = seriesByCounter.get(name) ?? new Map<string, Measurement>()
      seriesByCounter.set(name, series)
      return {
        add(value, attributes = {}) {
          // Counters only increase: drop NaN and negative values.
          if (value >= 0) add(series, value, attributes)
        },
      }
    },
    createHistogram(name) {
      const latest = latestByHistogram.get(name) ?? []
      latestByHistogram.set(name, latest)
      return {
        record(value, attributes = {}) {
          if (Number.isNaN(value)) return
          countByHistogram.set(name, (countByHistogram.get(name) ?? 0) + 1)
          latest.push({ value, attributes })
          if (latest.length > maxMeasurements) latest.shift()
        },
      }
    },
    createObservableGauge(name, _options, observe) {
      observeByGauge.set(name, observe)
      return () => {
        if (observeByGauge.get(name) === observe) observeByGauge.delete(name)
      }
    },
  }

  const reader: MeterReader = {
    sum(name, wanted = {}) {
      let sum = 0
      for (const { value, attributes } of seriesByCounter.get(name)?.values() ?? [])
        if (Object.entries(wanted).every(([key, text]) => attributes[key] === text)) sum += value
      return sum
    },
    count: (name) => countByHistogram.get(name) ?? 0,
    latest: (name, count = maxMeasurements) => latestByHistogram.get(name)?.slice(-count) ?? [],
    gauge: (name) => observeByGauge.get(name)?.(),
  }

  return { meter, reader }
}

const keyOf = (attributes: Attributes): string => JSON.stringify(Object.entries(attributes).sort(byName))

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)
