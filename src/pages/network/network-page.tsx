import './network.css'
import { useEffect } from 'react'
import type { StatusView, StepState } from '../../../workers/contract/views.ts'
import { CopyButton } from '../../components/copy-button.tsx'
import { Icon, type IconName } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState, useCommands } from '../../hooks/use-app.ts'
import { useNow } from '../../hooks/use-now.ts'
import { useTitle } from '../../hooks/use-title.ts'
import { formatAgo, formatDateTime, inGroups } from '../../lib/format.ts'
import { networkLine, stepLines } from '../../store/selectors.ts'
import { sayReason } from '../../text/reasons.ts'
import { Connect } from './connect.tsx'
import { Lookups } from './lookups.tsx'
import { Peers } from './peers.tsx'

/** How often the table of peers is renewed while it is seen, ms: round trips are measured no oftener. */
const renewMs = 5000

const iconByState: Record<StepState, IconName> = { ok: 'ok', working: 'working', waiting: 'waiting', failed: 'warning' }
const wordByState: Record<StepState, string> = {
  ok: 'Works',
  working: 'Under way',
  waiting: 'Waits',
  failed: 'Does not work',
}

/** What of the network works and what does not, in words, with what to do about it. */
export default function NetworkPage() {
  useTitle('Network')
  const status = useAppState((state) => state.status)
  const sentence = useAppState((state) => networkLine(state).sentence)
  const connections = status?.connections
  const { loadPeers } = useCommands()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another number of connections is another table
  useEffect(() => {
    loadPeers()
    const timer = setInterval(() => {
      if (!document.hidden) loadPeers()
    }, renewMs)
    return () => clearInterval(timer)
  }, [loadPeers, connections])
  return (
    <div className="network">
      <div className="page-head">
        <h1>Network</h1>
        <p className="page-sum">{sentence}</p>
      </div>
      {status === undefined ? (
        <p className="page-loading">
          <Icon className="spin" name="working" /> Starting…
        </p>
      ) : (
        <>
          <Part name="What works" of={status}>
            <Steps status={status} />
          </Part>
          <Part name="The list of peers" of={status}>
            <Peers />
          </Part>
          <Part name="How packages were looked up" of={status}>
            <Lookups />
          </Part>
          <Part name="The list of relays" of={status}>
            <Relays relays={status.relays} />
          </Part>
          <Part name="The form to connect to an address">
            <Connect />
          </Part>
          <Part name="What this profile is" of={status}>
            <Self status={status} />
          </Part>
        </>
      )}
    </div>
  )
}

/** Since when a step stands where it is, is said of those that are not through. */
const Steps = ({ status }: { status: StatusView }) => {
  const now = useNow()
  return (
    <section aria-label="What works">
      <ul className="steps">
        {stepLines(status).map(({ key, title, state, since, sentence, next }) => (
          <li className={`step step-${state}`} key={key}>
            <Icon className={state === 'working' ? 'spin' : ''} name={iconByState[state]} />
            <div>
              <h2>
                {title}{' '}
                <span className="step-word">
                  {wordByState[state]}
                  {state === 'ok' ? null : <time title={formatDateTime(since)}>, since {formatAgo(since, now)}</time>}
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
    <h2>Relays</h2>
    {relays.length === 0 ? (
      <p className="calm-note">
        No relay is known. The server of this page names them; one of your own can be given with ?relay= in the address.
      </p>
    ) : (
      <ul className="address-list">
        {relays.map(({ address, connected, reason }) => (
          <li key={address}>
            <span className={connected ? 'mark mark-ok' : 'mark'}>
              <Icon name={connected ? 'ok' : 'waiting'} />
              {connected ? 'Connected' : 'Not connected'}
            </span>
            <code className="break">{address}</code>
            <CopyButton text={address} what="relay address" />
            {reason === undefined ? null : <span className="calm-note">{sayReason(reason)}</span>}
          </li>
        ))}
      </ul>
    )}
  </section>
)

const Self = ({ status: { peerId, publisherId, publisherName, profile } }: { status: StatusView }) => (
  <section className="panel">
    <h2>You</h2>
    <dl className="fact-list fact-list-wide">
      <div>
        <dt>Profile</dt>
        <dd>{profile}</dd>
      </div>
      <div>
        <dt>Publisher</dt>
        <dd className="copyable">
          <span>
            {publisherName} <code className="break">{inGroups(publisherId)}</code>
          </span>
          <CopyButton text={publisherId} what="publisher id" />
        </dd>
      </div>
      <div>
        <dt>Peer</dt>
        <dd className="copyable">
          <code className="break">{peerId}</code>
          <CopyButton text={peerId} what="peer id" />
        </dd>
      </div>
    </dl>
  </section>
)
