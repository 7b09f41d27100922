import { useId, useRef, useState } from 'react'
import { Chart } from '../../charts/chart.tsx'
import type { ChartGroup } from '../../charts/chart-group.ts'
import type { ChartRange } from '../../charts/chart-view.ts'
import type { SampleFeed } from '../../charts/feed.ts'
import { Part } from '../../components/part.tsx'
import { chartText } from '../../text/charts.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { createCharts } from './chart-definitions.ts'

interface Props {
  feed: SampleFeed
  group: ChartGroup
  range: ChartRange
}

/** What the engine measures, over time. */
export const Charts = ({ feed, group, range }: Props) => {
  const titleId = useId()
  const spoken = useRef<HTMLParagraphElement>(null)
  const [charts] = useState(createCharts)
  // One live region for all charts, so that they do not talk over each other.
  const [speak] = useState(() => (sentence: string) => {
    if (spoken.current !== null) spoken.current.textContent = sentence
  })
  return (
    <section aria-labelledby={titleId} className="charts">
      <h2 id={titleId}>{chartText.title}</h2>
      {charts.map((definition) => (
        <Part key={definition.key} name={drawingFailureText.chart}>
          <Chart definition={definition} feed={feed} group={group} range={range} speak={speak} />
        </Part>
      ))}
      <p aria-live="polite" className="visually-hidden" ref={spoken} />
    </section>
  )
}
