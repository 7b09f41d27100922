import { useEffect, useState } from 'react'
import type { ChartGroup } from '../../charts/chart-group.ts'
import type { ChartRange } from '../../charts/chart-view.ts'
import { rowsToCsv } from '../../charts/export-csv.ts'
import type { SampleFeed, Step } from '../../charts/feed.ts'
import { Button } from '../../components/button.tsx'
import { downloadBytes } from '../../lib/save.ts'
import { chartText } from '../../text/charts.ts'

/** Spans (ms), and the rows that fill them. */
export const ranges = {
  minute: { spanMs: 60_000, step: 'second' },
  quarter: { spanMs: 900_000, step: 'second' },
  hour: { spanMs: 3_600_000, step: 'second' },
  day: { spanMs: 86_400_000, step: 'minute' },
} as const satisfies Record<string, { spanMs: number; step: Step }>

export type RangeName = keyof typeof ranges

const rangeNames = Object.keys(ranges) as RangeName[]

export const chartRangeOf = (name: RangeName): ChartRange => ({
  spanMs: ranges[name].spanMs,
  words: chartText.inRange(name),
})

interface Props {
  feed: SampleFeed
  group: ChartGroup
  range: RangeName
  onRange(range: RangeName): void
}

/** Range, pause and export of all charts. */
export const TimeControls = ({ feed, group, range, onRange }: Props) => {
  const [isPaused, setPaused] = useState(false)
  const [isZoomed, setZoomed] = useState(false)
  useEffect(() => group.subscribe(() => setZoomed(group.zoom() !== undefined)), [group])

  const choose = (name: RangeName): void => {
    group.setZoom(undefined)
    feed.setStep(ranges[name].step)
    onRange(name)
  }

  const pause = (): void => {
    feed.setPaused(!isPaused)
    setPaused(!isPaused)
  }

  const save = (): void => {
    const window = feed.current()
    const to = window.times.at(-1) ?? 0
    const csv = rowsToCsv(window, group.zoom() ?? { from: to - ranges[range].spanMs, to })
    downloadBytes(new TextEncoder().encode(csv), `ggen-samples-${range}.csv`, 'text/csv')
  }

  return (
    <div className="time-controls">
      <Button
        aria-hidden={!isZoomed}
        className="reset-zoom"
        disabled={!isZoomed}
        look="quiet"
        onClick={() => group.setZoom(undefined)}
      >
        {chartText.resetZoom}
      </Button>
      <fieldset className="segments">
        <legend className="visually-hidden">{chartText.range}</legend>
        {rangeNames.map((name) => (
          <label className="segment" key={name}>
            <input checked={range === name} name="range" onChange={() => choose(name)} type="radio" value={name} />
            <span>{chartText.ranges(name)}</span>
          </label>
        ))}
      </fieldset>
      <Button aria-pressed={isPaused} className="pause" onClick={pause}>
        {isPaused ? chartText.resume : chartText.pause}
      </Button>
      <Button icon="download" onClick={save} title={chartText.exportHint}>
        <span className="export-word">{chartText.export}</span>
      </Button>
    </div>
  )
}
