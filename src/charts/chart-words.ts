import type { SampleEvent } from '../../workers/contract/telemetry-views.ts'
import { shortened } from '../lib/names.ts'
import { chartText, formatClock } from '../text/charts.ts'
import { formatList } from '../text/format.ts'
import { tame } from '../text/words.ts'
import { type ChartDefinition, type Hue, labelOf } from './chart-definition.ts'

/** The entries of a legend: series of one label share an entry, as in and out of a protocol. */
export interface LegendEntry {
  readonly hue: Hue
  readonly isDashed: boolean
  /** Undefined if it is not drawn. */
  readonly look: 'line' | 'area' | undefined
  /** Indices of the series. */
  readonly series: readonly number[]
}

export const legendOf = ({ series }: ChartDefinition): LegendEntry[] => {
  const entries: (LegendEntry & { label: unknown; series: number[] })[] = []
  for (const [at, { label, hue, isDashed = false, draw = 'line' }] of series.entries()) {
    const known = entries.find((entry) => entry.label === label && entry.hue === hue)
    const look = draw === 'none' ? undefined : draw === 'line' ? 'line' : 'area'
    if (known === undefined) entries.push({ hue, isDashed, look, label, series: [at] })
    else known.series.push(at)
  }
  return entries
}

type Values = readonly (number | null | undefined)[]

export const sayValue = (definition: ChartDefinition, at: number, value: number | null | undefined): string => {
  if (value === null || value === undefined) return chartText.noValue
  return (definition.series[at]?.format ?? definition.format)(value)
}

export const sayEntry = (definition: ChartDefinition, { series }: LegendEntry, values: Values): string =>
  series.map((at) => sayValue(definition, at, values[at])).join(' ')

/** All series that have a value, in words. */
export const sayValues = (definition: ChartDefinition, values: Values): string => {
  const said = legendOf(definition).flatMap((entry) => {
    const first = definition.series[entry.series[0] ?? 0]
    const label = first === undefined ? undefined : labelOf(first)
    if (label === undefined || entry.series.every((at) => (values[at] ?? null) === null)) return []
    return [chartText.valueOf({ series: label, value: sayEntry(definition, entry, values) })]
  })
  return said.length === 0 ? chartText.noData : formatList(said)
}

interface Sentence {
  definition: ChartDefinition
  values: Values
  caption: string
  /** `in the last hour`. */
  range: string
  isEmpty: boolean
}

/** The chart for those who do not see it. */
export const saySentence = ({ definition, values, caption, range, isEmpty }: Sentence): string => {
  const chart = definition.title
  if (isEmpty) return chartText.sentenceWithoutData({ chart, range })
  const said = sayValues(definition, values)
  return caption === ''
    ? chartText.sentence({ chart, range, values: said })
    : chartText.sentenceWithCaption({ chart, range, values: said, caption })
}

/** Characters of a subject at either end; peer ids differ at their end. */
const subjectCharacters = 8

export const sayEvent = ({ kind, subject }: SampleEvent): string => {
  // A kind of another version has no words.
  const event = chartText.event(kind) || chartText.otherEvent
  if (subject === '') return event
  const named = kind === 'objective-breached' ? chartText.objective(subject as never) : ''
  return chartText.eventOf({ event, subject: named || shortened(tame(nameOf(subject)), subjectCharacters) })
}

/** A package without its publisher’s key. */
const nameOf = (subject: string): string => subject.slice(subject.lastIndexOf('/') + 1)

/** Time and events under the cursor. */
export const sayMoment = (time: number, events: readonly SampleEvent[]): string =>
  [formatClock(time, true), ...events.slice(-2).map(sayEvent)].join(' · ')
