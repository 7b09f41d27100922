import './network.css'
import { useEffect, useRef } from 'react'
import type { StatusView, StepState } from '../../../workers/contract/views.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Icon, type IconName } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState, useCommands } from '../../hooks/use-app.ts'
import { useNow } from '../../hooks/use-now.ts'
import { usePolled } from '../../hooks/use-polled.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { inGroups } from '../../lib/names.ts'
import { networkLine, stepLines } from '../../store/selectors.ts'
import { controlText } from '../../text/controls.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatAgo, formatDateTime } from '../../text/format.ts'
import { networkText } from '../../text/network.ts'
import { sayReason } from '../../text/reasons.ts'
import { Charts } from './charts.tsx'
import { Connect } from './connect.tsx'
import { Lookups } from './lookups.tsx'
import { Objectives } from './objectives.tsx'
import { Peers } from './peers.tsx'
import { TelemetrySwitch } from './telemetry-switch.tsx'
import { Topology } from './topology.tsx'
import { Traces } from './traces.tsx'

/** Refresh interval of the peers while visible (ms): the picture moves with their traffic. */
const renewMs = 1_000

const iconByState: Record<StepState, IconName> = { ok: 'ok', working: 'working', waiting: 'waiting', failed: 'warning' }

/** Connection state, peers, relays and this profile, with advice for what fails. */
export default function NetworkPage() {
  useTitle(networkText.tabTitle)
  const status = useAppState((state) => state.status)
  const sentence = useAppState((state) => networkLine(state).sentence)
  const connections = status?.connections
  const { loadPeers } = useCommands()
  const isOpened = useRef(false)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another number of connections is another table
  useEffect(() => {
    if (isOpened.current) void loadPeers()
    isOpened.current = true
  }, [loadPeers, connections])
  usePolled(loadPeers, renewMs)
  return (
    <div className="network">
      <div className="page-head">
        <h1>{networkText.title}</h1>
        <p className="page-sum">{sentence}</p>
      </div>
      {status === undefined ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> {networkText.starting}
        </p>
      ) : (
        <>
          <Part name={drawingFailureText.steps} of={status}>
            <Steps status={status} />
          </Part>
          <Part name={drawingFailureText.objectives} of={status}>
            <Objectives />
          </Part>
          <div className="network-connections">
            <Part name={drawingFailureText.topology} of={status}>
              <Topology />
            </Part>
            <Part name={drawingFailureText.peers} of={status}>
              <Peers />
            </Part>
          </div>
          <Part name={drawingFailureText.charts} of={status}>
            <Charts />
          </Part>
          <Part name={drawingFailureText.traces} of={status}>
            <Traces />
          </Part>
          <Part name={drawingFailureText.lookups} of={status}>
            <Lookups />
          </Part>
          <Part name={drawingFailureText.relays} of={status}>
            <Relays relays={status.relays} />
          </Part>
          <Part name={drawingFailureText.telemetry}>
            <TelemetrySwitch />
          </Part>
          <Part name={drawingFailureText.connect}>
            <Connect />
          </Part>
          <Part name={drawingFailureText.self} of={status}>
            <Self status={status} />
          </Part>
        </>
      )}
    </div>
  )
}

/** Only steps that are not finished show when their state changed. */
const Steps = ({ status }: { status: StatusView }) => {
  const now = useNow()
  return (
    <section aria-label={networkText.steps}>
      <ul className="steps">
        {stepLines(status).map(({ key, title, state, since, sentence, next }) => (
          <li className={`step step-${state}`} key={key}>
            <Icon className={state === 'working' ? 'spin' : ''} name={iconByState[state]} />
            <div>
              <h2>
                {title}{' '}
                <span className="step-word">
                  {networkText.stepState(state)}
                  {state === 'ok' ? null : (
                    <time title={formatDateTime(since)}>{networkText.changed({ ago: formatAgo(since, now) })}</time>
                  )}
                </span>
              </h2>
              <p>{sentence}</p>
              {next === '' ? null : <p className="step-next">{next}</p>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  )
}

const Relays = ({ relays }: { relays: StatusView['relays'] }) => (
  <section className="panel">
    <h2>{networkText.relays}</h2>
    {relays.length === 0 ? (
      <p className="calm-note">{networkText.noRelays}</p>
    ) : (
      <ul className="address-list">
        {relays.map(({ address, connected, reason }) => (
          <li key={address}>
            <span className={connected ? 'mark mark-ok' : 'mark'}>
              <Icon name={connected ? 'ok' : 'waiting'} />
              {connected ? networkText.relayConnected : networkText.relayNotConnected}
            </span>
            <code className="break">{address}</code>
            <CopyButton label={controlText.copyRelayAddress} text={address} />
            {reason === undefined ? null : <span className="calm-note">{sayReason(reason)}</span>}
          </li>
        ))}
      </ul>
    )}
  </section>
)

const Self = ({ status: { peerId, publisherId, publisherName, profile } }: { status: StatusView }) => (
  <section className="panel">
    <h2>{networkText.you}</h2>
    <dl className="fact-list fact-list-wide">
      <div>
        <dt>{networkText.profile}</dt>
        <dd>{profile}</dd>
      </div>
      <div>
        <dt>{networkText.publisher}</dt>
        <dd className="copyable">
          <span>
            {publisherName} <code className="break">{inGroups(publisherId)}</code>
          </span>
          <CopyButton label={controlText.copyPublisherId} text={publisherId} />
        </dd>
      </div>
      <div>
        <dt>{networkText.peer}</dt>
        <dd className="copyable">
          <code className="break">{peerId}</code>
          <CopyButton label={controlText.copyPeerId} text={peerId} />
        </dd>
      </div>
    </dl>
  </section>
)
