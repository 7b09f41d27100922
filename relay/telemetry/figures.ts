import type { Attributes, Measurement, Observe } from '../../workers/telemetry/telemetry.ts'

/** One metric of the relay or the page server. Its labels have few, known values. */
export interface Figure {
  readonly kind: 'counter' | 'gauge'
  /** UCUM; the name ends with it in words, as Prometheus wants. */
  readonly unit: string
  readonly description: string
  readonly labels: readonly string[]
}

export type FigureTable<Name extends string> = Readonly<Record<Name, Figure>>

/** The figures of one process, read by `/metrics` and by the exporter. */
export interface Figures<Name extends string = string> {
  readonly table: FigureTable<Name>
  /** @param value Not negative. */
  add(name: Name, value: number, labels?: Attributes): void
  /** Calls `read` when figures are read: for what is known anyway. */
  observe(name: Name, read: Observe): void
  /** Never throws. */
  read(name: Name): readonly Measurement[]
}

/** Label values per figure; further ones are not counted. */
const maxSeries = 200

/**
 * Figures in memory. The meter of `workers/telemetry` has the instruments of the engine, of which a relay has few; these
 * are read by two exporters and need no histogram.
 */
export const createFigures = <Name extends string>(table: FigureTable<Name>): Figures<Name> => {
  const seriesByName = new Map<Name, Map<string, { value: number; attributes: Attributes }>>()
  const observers = new Map<Name, Observe>()
  return {
    table,
    add(name, value, attributes = {}) {
      if (!(value >= 0)) return
      const series = seriesByName.get(name) ?? new Map<string, { value: number; attributes: Attributes }>()
      seriesByName.set(name, series)
      const key = table[name].labels.map((label) => String(attributes[label])).join('\n')
      const known = series.get(key)
      if (known !== undefined) known.value += value
      else if (series.size < maxSeries) series.set(key, { value, attributes })
    },
    observe: (name, read) => void observers.set(name, read),
    read(name) {
      const observe = observers.get(name)
      if (observe === undefined) return [...(seriesByName.get(name)?.values() ?? [])]
      try {
        const value = observe()
        return typeof value === 'number' ? [{ value, attributes: {} }] : (value?.slice(0, maxSeries) ?? [])
      } catch {
        return []
      }
    },
  }
}

export const namesOf = <Name extends string>({ table }: Figures<Name>): Name[] => Object.keys(table) as Name[]
