import type { StatusView, StepState } from '../../../workers/contract/views.ts'
import { Icon, type IconName } from '../../components/icon.tsx'
import { useNow } from '../../hooks/use-now.ts'
import { type StepLine, stepLines } from '../../store/selectors.ts'
import { formatAgo, formatDateTime, formatList } from '../../text/format.ts'
import { networkText } from '../../text/network.ts'

const iconByState: Record<StepState, IconName> = { ok: 'ok', working: 'working', waiting: 'waiting', failed: 'warning' }

/**
 * The steps towards a full peer in one row, and a line for what needs attention, whose place is kept while nothing
 * does. The whole sentences are behind “Details”.
 */
export const Steps = ({ status }: { status: StatusView }) => {
  const now = useNow()
  const lines = stepLines(status)
  return (
    <section aria-label={networkText.steps} className="health">
      <ul className="steps">
        {lines.map((line) => (
          <Step key={line.key} line={line} now={now} />
        ))}
      </ul>
      <Attention lines={lines} />
      <details className="steps-more">
        <summary>
          <Icon className="turn" name="chevron" />
          {networkText.stepDetails}
        </summary>
        <dl>
          {lines.map(({ key, title, state, since, sentence, next }) => (
            <div className={`step-${state}`} key={key}>
              <dt>{title}</dt>
              <dd>
                {sentence}
                {next === '' ? null : <span className="step-next"> {next}</span>}
                {state === 'ok' ? null : <Since now={now} since={since} />}
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  )
}

/** Only steps that are not finished show when their state changed. */
const Step = ({ line: { title, state, since, sentence }, now }: { line: StepLine; now: number }) => (
  <li className={`step step-${state}`} title={sentence}>
    <Icon className={state === 'working' ? 'spin' : ''} name={iconByState[state]} />
    <h2>
      <span className="step-title">{title}</span>{' '}
      <span className="step-word">
        {networkText.stepState(state)}
        {state === 'ok' ? null : <Since now={now} since={since} />}
      </span>
    </h2>
  </li>
)

const Since = ({ since, now }: { since: number; now: number }) => (
  <time title={formatDateTime(since)}>{networkText.changed({ ago: formatAgo(since, now) })}</time>
)

/** The first step that failed with its advice, else those in progress, else what is well. */
const Attention = ({ lines }: { lines: readonly StepLine[] }) => {
  const failed = lines.find(({ state }) => state === 'failed')
  if (failed !== undefined)
    return (
      <p className="attention step-failed">
        <strong>{failed.title}</strong> {failed.sentence} {failed.next}
      </p>
    )
  const open = lines.filter(({ state }) => state !== 'ok').map(({ title }) => title)
  if (open.length > 0) return <p className="attention">{networkText.stepsOpen({ steps: formatList(open) })}</p>
  return (
    <p className="attention">
      {lines
        .filter(({ key }) => wellKnown.has(key))
        .map(({ sentence }) => sentence)
        .join(' ')}
    </p>
  )
}

/** Steps whose sentences say most when all is well. */
const wellKnown: ReadonlySet<StepLine['key']> = new Set(['reservation', 'direct', 'catalogue'] as const)
