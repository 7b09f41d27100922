import './traces.css'
import { memo, useRef, useState } from 'react'
import { Link, useLocation, useSearch } from 'wouter'
import type { TraceView } from '../../../workers/contract/telemetry-views.ts'
import { Button } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useCommands, useLinks } from '../../hooks/use-app.ts'
import { useNow } from '../../hooks/use-now.ts'
import { usePolled } from '../../hooks/use-polled.ts'
import { parseTraceFilter, type TraceFilter, traceKinds } from '../../routes.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatAgo, formatDuration } from '../../text/format.ts'
import { sayStep, tracesText } from '../../text/traces.ts'
import {
  type BarScale,
  barScaleFor,
  barShare,
  barTicks,
  filterTraces,
  isSlow,
  joinTraces,
  maxTraces,
  timeToAskFrom,
} from './trace-kinds.ts'

/** Interval of the list (ms). */
const renewMs = 2_000

/** Rows at first, and added by each “Show more”: the list never has more than the engine keeps. */
const rowStep = 50

const sectionId = 'operations'

/** Moves to the list after a link to it was followed: a link within a page moves nothing by itself. */
export const showTraces = (): void => {
  requestAnimationFrame(() => {
    const section = document.getElementById(sectionId)
    section?.scrollIntoView({ block: 'start' })
    section?.focus({ preventScroll: true })
  })
}

/** The last operations of this tab, newest first. */
export const Traces = () => {
  const links = useLinks()
  const [, navigate] = useLocation()
  const search = useSearch()
  const filter = parseTraceFilter(search)
  const [paused, setPaused] = useState(false)
  const [limit, setLimit] = useState(rowStep)
  const now = useNow()
  const traces = useTraces(paused)
  const matching = traces === undefined ? [] : filterTraces(traces, filter)
  const shown = matching.slice(0, limit)
  const scale = barScaleFor(Math.max(0, ...shown.map(({ durationMs }) => durationMs)))
  const change = (next: TraceFilter): void => {
    setLimit(rowStep)
    navigate(links.network(next), { replace: true })
  }
  return (
    <section aria-labelledby={`${sectionId}-title`} className="panel traces" id={sectionId} tabIndex={-1}>
      <div className="traces-head">
        <h2 id={`${sectionId}-title`}>{tracesText.title}</h2>
        <Button aria-pressed={paused} className="traces-pause" onClick={() => setPaused(!paused)}>
          {paused ? tracesText.resume : tracesText.pause}
        </Button>
      </div>
      <p className="hint">{tracesText.about}</p>
      <Filters change={change} filter={filter} />
      <section
        aria-label={tracesText.list}
        className="traces-frame"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a pointer
        tabIndex={0}
      >
        {shown.length === 0 ? (
          <Nothing
            filter={filter}
            isEmpty={traces?.length === 0}
            isLoading={traces === undefined}
            showAll={() => change({ kind: 'all' })}
          />
        ) : (
          <>
            <Scale scale={scale} />
            <ul className="trace-list">
              {shown.map((trace) => (
                <Part as="li" key={trace.traceId} name={drawingFailureText.trace} of={trace}>
                  <TraceRow ago={formatAgo(trace.startedAt, now)} highMs={scale.highMs} trace={trace} />
                </Part>
              ))}
            </ul>
          </>
        )}
      </section>
      <div className="traces-foot">
        <span className="hint">{tracesText.shown({ shown: shown.length, total: matching.length })}</span>
        {shown.length < matching.length ? (
          <Button look="quiet" onClick={() => setLimit(limit + rowStep)}>
            {tracesText.more}
          </Button>
        ) : null}
      </div>
    </section>
  )
}

/** Undefined until the first answer. While paused the engine is not asked. */
const useTraces = (paused: boolean): readonly TraceView[] | undefined => {
  const { traces } = useCommands()
  const known = useRef<readonly TraceView[]>(undefined)
  return usePolled(async () => {
    if (paused && known.current !== undefined) return known.current
    const since = timeToAskFrom(known.current ?? [], Date.now())
    const loaded = await traces(maxTraces, since === undefined ? {} : { since })
    if (!isFailureView(loaded)) known.current = joinTraces(known.current ?? [], loaded)
    return known.current ?? []
  }, renewMs)
}

const Filters = ({ filter, change }: { filter: TraceFilter; change: (next: TraceFilter) => void }) => {
  const { kind, slow = false, failed = false } = filter
  return (
    <div className="trace-filters">
      <label className="trace-kind">
        <span>{tracesText.kind}</span>
        <select
          onChange={({ target: { value } }) => {
            const chosen = (['all', ...traceKinds] as const).find((each) => each === value)
            change({ slow, failed, ...(chosen === undefined ? {} : { kind: chosen }) })
          }}
          value={kind ?? ''}
        >
          <option value="">{tracesText.commands}</option>
          <option value="all">{tracesText.anyKind}</option>
          {traceKinds.map((each) => (
            <option key={each} value={each}>
              {tracesText.kindName(each)}
            </option>
          ))}
        </select>
      </label>
      <label className="trace-check">
        <input checked={slow} onChange={() => change({ ...filter, slow: !slow })} type="checkbox" />
        <span>{tracesText.slow}</span>
      </label>
      <label className="trace-check">
        <input checked={failed} onChange={() => change({ ...filter, failed: !failed })} type="checkbox" />
        <span>{tracesText.failed}</span>
      </label>
    </div>
  )
}

const Nothing = ({
  filter: { kind, slow = false, failed = false },
  isLoading,
  isEmpty,
  showAll,
}: {
  filter: TraceFilter
  isLoading: boolean
  isEmpty: boolean
  showAll: () => void
}) => {
  if (isLoading || isEmpty) return <p className="traces-none">{isLoading ? tracesText.loading : tracesText.none}</p>
  return (
    <div className="traces-none">
      <p>{kind === undefined && !slow && !failed ? tracesText.noCommands : tracesText.noMatch}</p>
      <Button look="quiet" onClick={showAll}>
        {tracesText.allKinds}
      </Button>
    </div>
  )
}

/** Heads of the columns, and the scale of the bars: their lengths are logarithmic. */
const Scale = ({ scale }: { scale: BarScale }) => (
  <div aria-hidden="true" className="trace-scale">
    <span className="trace-name">{tracesText.columnName}</span>
    <span className="trace-marks" />
    <span className="trace-ticks">
      {barTicks(scale).map((ms) => (
        <span key={ms} style={{ insetInlineStart: `${barShare(ms, scale) * 100}%` }}>
          {formatDuration(ms)}
        </span>
      ))}
    </span>
    <span className="trace-duration">{tracesText.columnDuration}</span>
    <span className="trace-ago">{tracesText.columnAgo}</span>
  </div>
)

const TraceRow = memo(({ trace, ago, highMs }: { trace: TraceView; ago: string; highMs: number }) => {
  const links = useLinks()
  const { traceId, name, durationMs, failed } = trace
  const slow = isSlow(trace)
  const share = barShare(durationMs, barScaleFor(highMs))
  return (
    <li className="trace-row">
      <Link className="trace-link" href={links.trace(traceId)}>
        <span className="trace-name">{sayStep(name)}</span>
        <span className="trace-marks">
          {failed ? (
            <span className="mark mark-error">
              <Icon name="error" />
              {tracesText.failedMark}
            </span>
          ) : slow ? (
            <span className="mark mark-warning">
              <Icon name="waiting" />
              {tracesText.slowMark}
            </span>
          ) : null}
        </span>
        <span aria-hidden="true" className="trace-lane">
          <span className={failed ? 'trace-bar trace-bar-failed' : 'trace-bar'} style={{ width: `${share * 100}%` }} />
        </span>
        <span className="trace-duration">{formatDuration(durationMs)}</span>
        <span className="trace-ago">{ago}</span>
      </Link>
    </li>
  )
})
