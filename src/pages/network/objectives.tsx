import './objectives.css'
import { Link } from 'wouter'
import { objectiveLimits, objectiveMinimum } from '../../../workers/contract/objective-limits.ts'
import type { ObjectiveName, ObjectiveState, ObjectiveView } from '../../../workers/contract/telemetry-views.ts'
import { readSamples, type SampleRows } from '../../charts/sample-rows.ts'
import { Icon, type IconName } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { Sparkline } from '../../components/sparkline.tsx'
import { useCommands, useLinks } from '../../hooks/use-app.ts'
import { usePolled } from '../../hooks/use-polled.ts'
import type { TraceFilter } from '../../routes.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatDuration } from '../../text/format.ts'
import { formatDecimal, formatPercent } from '../../text/numbers.ts'
import { objectivesText, sayState } from '../../text/objectives.ts'
import { hourMs, lastHour } from './last-hour.ts'
import { showTraces } from './traces.tsx'

/** Interval of the figures (ms): those of an hour change slowly. */
const renewMs = 5_000

/** Interval of the history (ms): it has one value a minute. */
const historyMs = 30_000

const names = Object.keys(objectiveLimits) as ObjectiveName[]

/** The service level objectives as tiles, which keep their size whatever is known. */
export const Objectives = () => {
  const { objectives, samples } = useCommands()
  const answer = usePolled(objectives, renewMs)
  const history = usePolled(async () => {
    const now = Date.now()
    // The engine may be of another version.
    return { now, samples: readSamples(await samples(now - hourMs, { step: 'minute' })) }
  }, historyMs)
  const views = answer === undefined || isFailureView(answer) ? [] : answer
  return (
    <section className="panel">
      <h2>
        {objectivesText.title} <span className="panel-aside">{objectivesText.lastHour}</span>
      </h2>
      <ul className="tiles">
        {names.map((name) => {
          const view = views.find((each) => each.name === name)
          return (
            <Part as="li" key={name} name={drawingFailureText.objectives} of={view}>
              <Tile history={history} name={name} view={view} />
            </Part>
          )
        })}
      </ul>
    </section>
  )
}

interface History {
  now: number
  samples: SampleRows
}

const filterOf: Record<ObjectiveName, TraceFilter> = {
  search_p95: { kind: 'search', slow: true },
  dht_lookup_p95: { kind: 'lookup', slow: true },
  cache_hit_rate: { kind: 'lookup' },
  install_p95: { kind: 'install', slow: true },
}

interface Look {
  icon: IconName
  /** Class of mark and tile; empty where nothing is judged yet. */
  tone: 'ok' | 'warning' | 'error' | ''
}

const lookOf = (state: ObjectiveState | undefined): Look => {
  if (state === 'ok') return { icon: 'ok', tone: 'ok' }
  if (state === 'at risk') return { icon: 'warning', tone: 'warning' }
  if (state === 'breached') return { icon: 'error', tone: 'error' }
  return { icon: 'waiting', tone: '' }
}

const Tile = ({
  name,
  view,
  history,
}: {
  name: ObjectiveName
  /** Undefined until the engine has answered. */
  view: ObjectiveView | undefined
  history: History | undefined
}) => {
  const links = useLinks()
  const { state, value, count = 0, burnRate, sinceStart } = view ?? {}
  const { icon, tone } = lookOf(state)
  const { target } = objectiveLimits[name]
  const say = (amount: number): string => (name === 'cache_hit_rate' ? formatPercent(amount) : formatDuration(amount))
  return (
    <li className={`tile tile-${tone}`}>
      <div className="tile-head">
        <h3>{objectivesText.name(name)}</h3>
        <span className={tone === '' ? 'tile-collecting' : `mark mark-${tone}`}>
          {tone === '' ? null : <Icon name={icon} />}
          <span className="tile-state">{sayState(state)}</span>
        </span>
      </div>
      <div className="tile-figure">
        <p className={tone === '' ? 'tile-value tile-early' : 'tile-value'}>
          {value === undefined ? <span className="tile-unknown">{objectivesText.noValue}</span> : say(value)}
        </p>
        <p className="tile-target">
          <span>{objectivesText.target}</span>{' '}
          {name === 'cache_hit_rate'
            ? objectivesText.atLeast({ target: say(target) })
            : objectivesText.atMost({ target: say(target) })}
        </p>
      </div>
      <p className="tile-note">{objectivesText.what(name)}</p>
      <Sparkline
        label={objectivesText.spark({ name: objectivesText.name(name) })}
        tone={tone === 'warning' || tone === 'error' ? tone : 'plain'}
        values={history === undefined ? [] : lastHour(history.samples, name, history.now)}
        width={240}
      />
      <dl className="tile-facts">
        <div>
          <dt title={objectivesText.burnHint}>{objectivesText.burn}</dt>
          <dd>
            {burnRate === undefined ? objectivesText.unknown : objectivesText.times({ rate: formatDecimal(burnRate) })}
          </dd>
        </div>
        <div>
          <dt>{objectivesText.requests}</dt>
          <dd>
            {tone === ''
              ? objectivesText.ofMinimum({ count, minimum: objectiveMinimum[name] })
              : objectivesText.measured({ count })}
          </dd>
        </div>
        <div>
          <dt>{objectivesText.sinceStart}</dt>
          <dd>{sinceStart?.value === undefined ? objectivesText.unknown : say(sinceStart.value)}</dd>
        </div>
      </dl>
      <Link className="tile-link" href={links.network(filterOf[name])} onClick={showTraces}>
        {objectivesText.slowTraces(name)}
      </Link>
    </li>
  )
}
