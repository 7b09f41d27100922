import type { SamplePointName } from '../../workers/contract/telemetry-views.ts'
import type { Summary } from './down-sample.ts'
import type { SampleWindow } from './window.ts'

/** What a chart shows. Made once per chart; its functions are called for every new sample, so they are cheap. */
export interface ChartDefinition {
  /** Also part of file names. */
  readonly key: string
  readonly title: string
  readonly series: readonly SeriesDefinition[]
  /** `log` needs values above zero; what is not is left out. */
  readonly scale: 'linear' | 'log'
  /** Lowest range of the axis, which grows with the data. */
  readonly atLeast: readonly [min: number, max: number]
  readonly format: (value: number) => string
  /** Shorter, for the axis. */
  readonly formatTick?: (value: number) => string
  /** Single measurements, drawn as dots. */
  readonly points?: SamplePointName
  /** Number of measurements behind the rows [from, to): below `fewMeasurements`, percentiles are not drawn. */
  readonly countOf?: (window: SampleWindow, from: number, to: number) => number
  /** A horizontal line, such as an objective. */
  readonly limit?: number
  /** Called before the series are read, for those that depend on all of the window. */
  readonly prepare?: (window: SampleWindow) => void
  /** Said in place of the picture while there is nothing to draw; undefined: that there are no data yet. */
  readonly nothing?: string
  /** What is most worth knowing, beside the title: `91 % of the best possible`. */
  readonly caption: (facts: CaptionFacts) => string
}

export interface CaptionFacts {
  readonly window: SampleWindow
  /** Last value of each series; null without. */
  readonly latest: readonly (number | null)[]
  /** Values of each series in the time shown. */
  readonly values: readonly (readonly (number | null)[])[]
  /** Of `countOf`; 0 without. */
  readonly count: number
}

export interface SeriesDefinition {
  /** A function if it changes, as for a peer; undefined while there is nothing to show. */
  readonly label: string | (() => string | undefined)
  /** In a table and in CSV, where series of one label stand apart. */
  readonly columnName?: string
  /** Index of the colour in `palette.ts`. */
  readonly hue: Hue
  /** Values of the rows [from, to); NaN where nothing was measured. */
  readonly read: (window: SampleWindow, from: number, to: number) => ArrayLike<number>
  readonly summary: Summary
  /** `line` by default. `stack` and `stack-down`: on the series before, above or below zero. `none`: in legend and table only. */
  readonly draw?: 'line' | 'stack' | 'stack-down' | 'none'
  readonly width?: number
  readonly isDashed?: boolean
  readonly format?: (value: number) => string
  /** Whether it says nothing with few measurements. */
  readonly isPercentile?: boolean
}

export const hues = ['1', '2', '3', '4', '5', '6', 'grey', 'ink'] as const
export type Hue = (typeof hues)[number]

/** Measurements below which a percentile would be an accident, and rows below which a line would be one. */
export const fewMeasurements = 20

export const labelOf = ({ label }: SeriesDefinition): string | undefined =>
  typeof label === 'string' ? label : label()

export const columnNameOf = (series: SeriesDefinition): string => series.columnName ?? labelOf(series) ?? ''

const dashes = [[], [6, 3], [2, 3], [10, 3, 2, 3], [1, 2], [10, 4], [6, 2, 2, 2], [3, 3]]

/** The dash of a hue, for those who see no hues. Series that are dashed for all have their own. */
export const dashOf = (hue: Hue, isDashed: boolean): number[] => {
  const dash = dashes[hues.indexOf(hue)] ?? []
  return isDashed ? dash.map((length) => 2 * length) : dash
}
