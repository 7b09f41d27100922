import type { Ref } from 'react'
import { chartText, formatClock } from '../text/charts.ts'
import type { ChartData } from './chart-data.ts'
import { type ChartDefinition, columnNameOf, labelOf } from './chart-definition.ts'
import { sayEvent, sayValue } from './chart-words.ts'

/** Most rows of the table: the last ones of the time shown. */
const mostRows = 120

interface Props {
  data: ChartData
  definition: ChartDefinition
  ref: Ref<HTMLElement>
}

/** The data of a chart as a table, newest first, with what happened since the row before. */
export const ChartTable = ({ data, definition, ref }: Props) => {
  const { times, values, events } = data
  const shown = definition.series.flatMap((series, at) =>
    labelOf(series) === undefined ? [] : [{ at, name: columnNameOf(series) }],
  )
  const rows = times
    .map((time, row) => ({ time, row, before: times[row - 1] ?? Number.NEGATIVE_INFINITY }))
    .filter(({ row }) => values.some((each) => (each[row] ?? null) !== null))
    .slice(-mostRows)
    .reverse()
  const label = chartText.tableOf({ chart: definition.title })
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section aria-label={label} className="chart-table" ref={ref} tabIndex={0}>
      <table>
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <th scope="col">{chartText.time}</th>
            {shown.map(({ at, name }) => (
              <th key={at} scope="col">
                {name}
              </th>
            ))}
            <th scope="col">{chartText.events}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ time, row, before }) => (
            <tr key={time}>
              <th scope="row">{formatClock(time, true)}</th>
              {shown.map(({ at }) => (
                <td key={at}>{sayValue(definition, at, values[at]?.[row])}</td>
              ))}
              <td>
                {events
                  .filter((event) => event.time > before && event.time <= time)
                  .map(sayEvent)
                  .join(', ')}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 ? <p className="calm-note">{chartText.noData}</p> : null}
    </section>
  )
}
