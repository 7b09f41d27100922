import './chart.css'
import {
  type CSSProperties,
  type KeyboardEvent,
  useEffect,
  useEffectEvent,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { useCommands } from '../hooks/use-app.ts'
import { downloadBytes } from '../lib/save.ts'
import { chartText } from '../text/charts.ts'
import type { ChartData } from './chart-data.ts'
import { type ChartDefinition, dashOf, labelOf } from './chart-definition.ts'
import type { ChartGroup } from './chart-group.ts'
import { ChartTable } from './chart-table.tsx'
import { type ChartRange, type ChartView, createChartView } from './chart-view.ts'
import { type LegendEntry, legendOf, sayEntry } from './chart-words.ts'
import { chartToCsv } from './export-csv.ts'
import { toPng } from './export-png.ts'
import type { SampleFeed } from './feed.ts'

const loadPlot = () => import('./plot.ts')

interface Props {
  definition: ChartDefinition
  feed: SampleFeed
  group: ChartGroup
  range: ChartRange
  speak(sentence: string): void
}

/** A chart with its legend, table and exports. React draws the frame; `chart-view.ts` everything that changes. */
export const Chart = ({ definition, feed, group, range, speak }: Props) => {
  const { title } = definition
  const entries = legendOf(definition)
  const titleId = useId()
  const plot = useRef<HTMLDivElement>(null)
  const caption = useRef<HTMLParagraphElement>(null)
  const sentence = useRef<HTMLParagraphElement>(null)
  const empty = useRef<HTMLParagraphElement>(null)
  const legend = useRef<HTMLUListElement>(null)
  const view = useRef<ChartView>(undefined)
  const [tableData, setTableData] = useState<ChartData>()
  const isTable = tableData !== undefined
  const { notify } = useCommands()

  const onData = useEffectEvent((data: ChartData) => {
    if (isTable) setTableData(data)
  })
  const say = useEffectEvent(speak)
  const firstRange = useEffectEvent(() => range)

  // biome-ignore lint/correctness/useExhaustiveDependencies: effect events must not be dependencies (React)
  useEffect(() => {
    const elements = {
      plot: plot.current,
      caption: caption.current,
      sentence: sentence.current,
      empty: empty.current,
      legend: legend.current,
    }
    if (!isComplete(elements)) return
    const created = createChartView(elements, {
      definition,
      feed,
      group,
      range: firstRange(),
      loadPlot,
      speak: (text) => say(text),
      onData: (data) => onData(data),
    })
    view.current = created
    return () => created.stop()
  }, [definition, feed, group])
  useEffect(() => view.current?.setRange(range), [range])

  const table = useRef<HTMLElement>(null)
  const isFocusLost = useRef(false)

  const toggleTable = (): void => {
    isFocusLost.current = [plot.current, table.current].includes(document.activeElement as HTMLDivElement | null)
    setTableData(isTable ? undefined : view.current?.data())
  }

  // The chart or the table that had the focus is gone.
  useLayoutEffect(() => {
    if (isFocusLost.current) (isTable ? table : plot).current?.focus()
    isFocusLost.current = false
  }, [isTable])

  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key.toLowerCase() === 't') {
      event.preventDefault()
      toggleTable()
    } else if (event.target === plot.current && view.current?.press(event.key, event.shiftKey) === true) {
      event.preventDefault()
    }
  }

  const fileName = `ggen-${definition.key}`

  const saveCsv = (): void => {
    const data = view.current?.data()
    if (data === undefined) return
    downloadBytes(new TextEncoder().encode(chartToCsv(definition, data, chartText.time)), `${fileName}.csv`, 'text/csv')
  }

  const savePng = async (): Promise<void> => {
    try {
      const [drawn, data] = [view.current?.plot(), view.current?.data()]
      if (drawn === undefined || data === undefined) return
      const picture = await toPng({
        canvas: drawn.canvas(),
        palette: drawn.palette(),
        title,
        subtitle: sentence.current?.textContent?.slice(title.length).trim() ?? '',
        legend: entries.flatMap((entry) => {
          const first = definition.series[entry.series[0] ?? 0]
          const label = first === undefined ? undefined : labelOf(first)
          return label === undefined
            ? []
            : [{ hue: entry.hue, text: `${label} ${sayEntry(definition, entry, data.latest)}` }]
        }),
      })
      downloadBytes(new Uint8Array(await picture.arrayBuffer()), `${fileName}.png`, 'image/png')
    } catch {
      notify('error', chartText.exportFailed)
    }
  }

  return (
    <figure aria-labelledby={titleId} className="chart" onKeyDown={press}>
      <figcaption className="chart-head">
        <h3 id={titleId}>{title}</h3>
        <div className="chart-actions">
          <button
            aria-label={chartText.showTable({ chart: title })}
            aria-pressed={isTable}
            onClick={toggleTable}
            type="button"
          >
            {chartText.table}
          </button>
          <button aria-label={chartText.saveCsv({ chart: title })} onClick={saveCsv} type="button">
            {chartText.csv}
          </button>
          <button aria-label={chartText.savePng({ chart: title })} onClick={savePng} type="button">
            {chartText.png}
          </button>
        </div>
        <p className="visually-hidden" ref={sentence} />
      </figcaption>
      <p className="chart-caption" ref={caption} />
      <div className="chart-body">
        <div
          aria-label={chartText.cursor({ chart: title })}
          aria-valuemax={0}
          aria-valuemin={0}
          aria-valuenow={0}
          className="chart-plot"
          hidden={isTable}
          ref={plot}
          role="slider"
          tabIndex={0}
          title={chartText.keys}
        />
        <p className="chart-empty" hidden={isTable} ref={empty} />
        {isTable ? <ChartTable data={tableData} definition={definition} ref={table} /> : null}
      </div>
      <ul
        className={entries.length < definition.series.length ? 'chart-legend chart-legend-wide' : 'chart-legend'}
        ref={legend}
      >
        {entries.map((entry) => (
          <li data-unused key={entry.series.join(' ')}>
            <Swatch entry={entry} />
            <span className="chart-label" />
            <span className="chart-value" />
          </li>
        ))}
      </ul>
    </figure>
  )
}

const Swatch = ({ entry: { hue, look, isDashed } }: { entry: LegendEntry }) => (
  <svg
    aria-hidden="true"
    className={`chart-swatch chart-hue-${hue} chart-swatch-${look ?? 'none'} ${isDashed ? 'chart-swatch-dashed' : ''}`}
    style={{ '--dash': dashOf(hue, isDashed).join(' ') || 'none' } as CSSProperties}
    viewBox="0 0 18 8"
  >
    <path d={look === 'area' ? 'M3 .5h12v7H3z' : 'M0 4h18'} />
  </svg>
)

type Complete<Parts> = { [Name in keyof Parts]: NonNullable<Parts[Name]> }

const isComplete = <Parts extends object>(parts: Parts): parts is Parts & Complete<Parts> =>
  Object.values(parts).every((part) => part !== null)
