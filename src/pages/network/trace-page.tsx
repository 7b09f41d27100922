import './traces.css'
import { type ReactNode, useMemo, useRef } from 'react'
import { Link, useParams } from 'wouter'
import type { TraceView } from '../../../workers/contract/telemetry-views.ts'
import { LinkButton } from '../../components/button.tsx'
import { EmptyState } from '../../components/empty-state.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useCommands, useLinks } from '../../hooks/use-app.ts'
import { usePolled } from '../../hooks/use-polled.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatDateTime, formatDuration } from '../../text/format.ts'
import { formatPercent } from '../../text/numbers.ts'
import { sayFailure } from '../../text/reasons.ts'
import { sayDoing, sayStep, tracesText } from '../../text/traces.ts'
import { PeerLink, peerOfSpan } from './peer-link.tsx'
import { attributeTime, findSlowestPart, type SlowestPart } from './slowest-part.ts'
import { type SpanNode, toSpanTree } from './span-tree.ts'
import { isSlow } from './trace-kinds.ts'
import { Waterfall } from './waterfall.tsx'

/** Interval in which a trace that is not there yet is asked for (ms). */
const renewMs = 2_000

const isTraceId = (id: string): boolean => /^[0-9a-f]{32}$/i.test(id)

/** One operation with all its steps, and where its time went. */
export default function TracePage() {
  const { id = '' } = useParams()
  return isTraceId(id) ? (
    <LoadedTrace id={id.toLowerCase()} key={id} />
  ) : (
    <Absent title={tracesText.malformedTitle}>{tracesText.malformed}</Absent>
  )
}

const LoadedTrace = ({ id }: { id: string }) => {
  const { traces } = useCommands()
  const found = useRef<TraceView>(undefined)
  const answer = usePolled(async () => {
    // A trace does not change.
    if (found.current !== undefined) return found.current
    const loaded = await traces(1, { id })
    if (isFailureView(loaded)) return loaded
    found.current = loaded.find(({ traceId }) => traceId === id)
    return found.current ?? 'absent'
  }, renewMs)
  if (answer === undefined) {
    return (
      <h1 className="page-loading">
        <Icon className="spin" name="working" /> {tracesText.loadingOne}
      </h1>
    )
  }
  if (answer === 'absent') return <Absent title={tracesText.goneTitle}>{tracesText.gone}</Absent>
  if (isFailureView(answer)) return <Absent title={tracesText.failedTitle}>{sayFailure(answer)}</Absent>
  return (
    <Part name={drawingFailureText.trace} of={answer}>
      <Trace trace={answer} />
    </Part>
  )
}

const Absent = ({ title, children }: { title: string; children: string }) => {
  useTitle(tracesText.tabTitleUnknown)
  const links = useLinks()
  return (
    <EmptyState
      actions={
        <LinkButton href={links.network()} icon="network">
          {tracesText.back}
        </LinkButton>
      }
      icon="search"
      level={1}
      title={title}
    >
      <p>{children}</p>
    </EmptyState>
  )
}

const Trace = ({ trace }: { trace: TraceView }) => {
  const { name, durationMs, startedAt, failed, spans } = trace
  useTitle(tracesText.tabTitle({ name: sayStep(name), duration: formatDuration(durationMs) }))
  const links = useLinks()
  const root = useMemo(() => toSpanTree(trace), [trace])
  return (
    <div className="trace-page">
      <Link className="trace-back" href={links.network()}>
        <Icon name="back" /> {tracesText.back}
      </Link>
      <div className="page-head">
        <h1>{sayStep(name)}</h1>
        <p className="page-sum">
          {tracesText.took({ duration: formatDuration(durationMs) })} · {tracesText.steps(spans.length)} ·{' '}
          {tracesText.startedAt({ time: formatDateTime(startedAt) })}
        </p>
        {failed ? (
          <Mark tone="error">{tracesText.failedMark}</Mark>
        ) : isSlow(trace) ? (
          <Mark tone="warning">{tracesText.slowMark}</Mark>
        ) : null}
      </div>
      {root === undefined ? (
        <p className="calm-note">{tracesText.empty}</p>
      ) : (
        <Steps root={root} slow={isSlow(trace)} />
      )}
    </div>
  )
}

const Mark = ({ tone, children }: { tone: 'error' | 'warning'; children: ReactNode }) => (
  <span className={`mark mark-${tone}`}>
    <Icon name={tone === 'error' ? 'error' : 'waiting'} />
    {children}
  </span>
)

const Steps = ({ root, slow }: { root: SpanNode; slow: boolean }) => {
  const part = useMemo(() => findSlowestPart(root), [root])
  const awaited = useMemo(() => attributeTime(root), [root])
  return (
    <>
      {part === undefined ? null : (
        <section className={slow ? 'trace-why trace-why-slow' : 'trace-why'}>
          <h2>{slow ? tracesText.whySlow : tracesText.whereTime}</h2>
          <Why part={part} wholeMs={root.endMs - root.startMs} />
        </section>
      )}
      <Waterfall awaited={awaited} first={part?.longest.span ?? root.span} root={root} />
    </>
  )
}

const Why = ({ part, wholeMs }: { part: SlowestPart; wholeMs: number }) => {
  const { name, ms, share, count, longest, isWhole } = part
  const figures = { part: formatDuration(ms), whole: formatDuration(wholeMs), share: formatPercent(share) }
  const peer = peerOfSpan(longest.span)
  return (
    <p>
      {isWhole ? tracesText.itself(figures) : tracesText.mostTime({ ...figures, doing: sayDoing(name) })}
      {isWhole || count === 1 ? null : ` ${tracesText.several(count, { longest: formatDuration(longest.ms) })}`}
      {peer === undefined ? null : (
        <>
          {' '}
          {count === 1 ? tracesText.thePeer : tracesText.slowestPeer} <PeerLink peer={peer} />
        </>
      )}
    </p>
  )
}
