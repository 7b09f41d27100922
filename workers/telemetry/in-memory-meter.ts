import {
  createExponentialHistogram,
  type ExponentialHistogram,
  type HistogramSnapshot,
  sumOf,
} from './exponential-histogram.ts'
import type { CounterName, GaugeName, HistogramName } from './instruments.ts'
import type { Attributes, Measurement, Meter, Observe } from './telemetry.ts'

/** Measurements kept singly per histogram: a minute of a busy tab, and enough for a 99th percentile. */
const maxPoints = 2_000

/** Attribute sets per instrument; further ones are summed under `overflow`, as in OpenTelemetry. */
export const maxSeries = 200
const overflow: Attributes = { 'otel.metric.overflow': true }
const none: Attributes = {}

/** A single measurement of a histogram. */
export interface Point extends Measurement {
  /** Ms since the epoch. */
  readonly time: number
}

export interface HistogramSeries {
  readonly attributes: Attributes
  readonly snapshot: HistogramSnapshot
}

/** Everything that was measured, by instrument. */
export interface CollectedMetrics {
  readonly counters: readonly (readonly [name: CounterName, series: readonly Measurement[]])[]
  readonly histograms: readonly (readonly [name: HistogramName, series: readonly HistogramSeries[]])[]
  readonly gauges: readonly (readonly [name: GaugeName, series: readonly Measurement[]])[]
}

/** Reads metrics by instrument name. A missing instrument reads like an unused one. */
export interface MeterReader {
  /** Sum of a counter since the start, over the series with all of `attributes`. */
  sum(counter: CounterName, attributes?: Attributes): number
  /** Number of measurements of a histogram since the start, in the series with all of `attributes`. */
  count(histogram: HistogramName, attributes?: Attributes): number
  /** All measurements of a histogram since the start, of all series. */
  histogram(name: HistogramName): HistogramSnapshot
  /** The latest measurements of a histogram, oldest first: `count` of them, at most 2,000. */
  latest(histogram: HistogramName, count?: number): readonly Point[]
  /**
   * Those of the latest that were made after `since` (ms since the epoch). When the clock was set back, those from
   * before do not count.
   */
  pointsSince(histogram: HistogramName, since: number): readonly Point[]
  /** Current value of a gauge without attributes; undefined if it reports none. */
  gauge(name: GaugeName): number | undefined
  collect(): CollectedMetrics
}

/**
 * A meter that keeps its data in memory: for the page, and for an exporter that collects it. Instruments with the same
 * name share their data across rooms. Memory is bounded: sums and histograms by series, and the latest measurements.
 *
 * @param now Ms since the epoch.
 */
export const createInMemoryMeter = (now: () => number = Date.now): { meter: Meter; reader: MeterReader } => {
  const counterByName = new Map<CounterName, Series<Cell>>()
  const histogramByName = new Map<HistogramName, { series: Series<ExponentialHistogram>; points: Ring }>()
  const observersByCounter = new Map<CounterName, Set<Observe>>()
  const observersByGauge = new Map<GaugeName, Set<Observe>>()

  const counterOf = (name: CounterName): Series<Cell> =>
    getOrCreate(counterByName, name, () => createSeries(() => ({ value: 0 })))

  const histogramOf = (name: HistogramName) =>
    getOrCreate(histogramByName, name, () => ({
      series: createSeries(createExponentialHistogram),
      points: createRing(),
    }))

  const meter: Meter = {
    createCounter(name) {
      const series = counterOf(name)
      return {
        add(value, attributes = none) {
          addTo(series.at(attributes), value)
        },
        with(attributes) {
          const cell = series.at(attributes)
          return { add: (value) => addTo(cell, value) }
        },
      }
    },
    createHistogram(name) {
      const { series, points } = histogramOf(name)
      return {
        record(value, attributes = none) {
          if (Number.isNaN(value)) return
          series.at(attributes).record(value)
          points.push({ time: now(), value, attributes })
        },
      }
    },
    createObservableCounter: (name, observe) => register(observersByCounter, name, observe),
    createObservableGauge: (name, observe) => register(observersByGauge, name, observe),
  }

  const countersOf = (name: CounterName): readonly Measurement[] => [
    ...Array.from(counterByName.get(name)?.entries() ?? [], ({ attributes, held }) => ({
      value: held.value,
      attributes,
    })),
    ...observed(observersByCounter.get(name)),
  ]

  const reader: MeterReader = {
    sum(name, wanted = {}) {
      let sum = 0
      for (const { attributes, held } of counterByName.get(name)?.entries() ?? [])
        if (hasAll(attributes, wanted)) sum += held.value
      for (const { value, attributes } of observed(observersByCounter.get(name)))
        if (hasAll(attributes, wanted)) sum += value
      return sum
    },
    count(name, wanted) {
      const found = histogramByName.get(name)
      if (found === undefined) return 0
      if (wanted === undefined) return found.points.count()
      let count = 0
      for (const { attributes, held } of found.series.entries()) if (hasAll(attributes, wanted)) count += held.count()
      return count
    },
    histogram: (name) =>
      sumOf(Array.from(histogramByName.get(name)?.series.entries() ?? [], ({ held }) => held.snapshot())),
    latest: (name, count = maxPoints) => histogramByName.get(name)?.points.latest(count) ?? [],
    pointsSince: (name, since) => histogramByName.get(name)?.points.between(since, now()) ?? [],
    gauge: (name) =>
      observed(observersByGauge.get(name)).find(({ attributes }) => Object.keys(attributes).length === 0)?.value,
    collect: () => ({
      counters: [...new Set([...counterByName.keys(), ...observersByCounter.keys()])].map(
        (name) => [name, countersOf(name).slice(0, maxSeries)] as const,
      ),
      histograms: [...histogramByName].map(
        ([name, { series }]) =>
          [
            name,
            Array.from(series.entries(), ({ attributes, held }) => ({ attributes, snapshot: held.snapshot() })),
          ] as const,
      ),
      gauges: [...observersByGauge].map(
        ([name, observers]) => [name, observed(observers).slice(0, maxSeries)] as const,
      ),
    }),
  }

  return { meter, reader }
}

interface Cell {
  value: number
}

/** Counters only increase: drops NaN and negative values. */
const addTo = (cell: Cell, value: number): void => {
  if (value >= 0) cell.value += value
}

/** What an instrument holds for each set of attributes. */
interface Series<T> {
  at(attributes: Attributes): T
  entries(): Iterable<{ attributes: Attributes; held: T }>
}

const createSeries = <T>(create: () => T): Series<T> => {
  const byKey = new Map<string, { attributes: Attributes; held: T }>()
  const at = (attributes: Attributes): T => {
    const key = keyOf(attributes)
    const known = byKey.get(key)
    if (known !== undefined) return known.held
    if (byKey.size >= maxSeries - 1 && attributes !== overflow) return at(overflow)
    const held = create()
    byKey.set(key, { attributes, held })
    return held
  }
  return { at, entries: () => byKey.values() }
}

/** The latest points; `count` also counts those that were overwritten. */
interface Ring {
  push(point: Point): void
  count(): number
  /** Oldest first. */
  latest(count: number): readonly Point[]
  /** Those after `from`, up to `to`, oldest first; none from before the clock was set back. */
  between(from: number, to: number): readonly Point[]
}

const createRing = (): Ring => {
  const points: Point[] = []
  let count = 0
  return {
    push(point) {
      points[count % maxPoints] = point
      count += 1
    },
    count: () => count,
    between(from, to) {
      // Scanned from the newest: in time order unless the clock was set back, when the future comes before the past.
      const kept = Math.min(count, maxPoints)
      const at = (back: number): Point | undefined => points[(count - 1 - back) % maxPoints]
      const timeAt = (back: number): number => at(back)?.time ?? Number.NaN
      let newest = 0
      while (newest < kept && timeAt(newest) > to) newest += 1
      let end = newest
      while (end < kept && timeAt(end) > from && timeAt(end) <= to) end += 1
      const ordered: Point[] = []
      for (let back = end - 1; back >= newest; back -= 1) {
        const point = at(back)
        if (point !== undefined) ordered.push(point)
      }
      return ordered
    },
    latest(wanted) {
      const end = count % maxPoints
      const ordered = count <= maxPoints ? points : [...points.slice(end), ...points.slice(0, end)]
      return ordered.slice(Math.max(0, ordered.length - wanted))
    },
  }
}

/** Failures of an observer count as no value: telemetry never disturbs what it measures. */
const observed = (observers: ReadonlySet<Observe> | undefined): readonly Measurement[] =>
  [...(observers ?? [])].flatMap((observe) => {
    try {
      const value = observe()
      return typeof value === 'number' ? [{ value, attributes: {} }] : (value?.slice(0, maxSeries) ?? [])
    } catch {
      return []
    }
  })

const register = <Name>(observersByName: Map<Name, Set<Observe>>, name: Name, observe: Observe): (() => void) => {
  const observers = getOrCreate(observersByName, name, () => new Set<Observe>())
  observers.add(observe)
  return () => observers.delete(observe)
}

const getOrCreate = <Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value => {
  const known = map.get(key)
  if (known !== undefined) return known
  const created = create()
  map.set(key, created)
  return created
}

const hasAll = (attributes: Attributes, wanted: Attributes): boolean =>
  Object.entries(wanted).every(([key, text]) => attributes[key] === text)

/** Sets of attributes are equal in any order. Most have at most one, which needs no sorting. */
const keyOf = (attributes: Attributes): string => {
  const keys = Object.keys(attributes)
  if (keys.length === 0) return ''
  if (keys.length > 1) keys.sort()
  let key = ''
  for (const name of keys) key += `${JSON.stringify(name)}:${JSON.stringify(attributes[name])},`
  return key
}
