import './peers.css'
import { useId, useRef, useState } from 'react'
import { Link } from 'wouter'
import type { ReputationView } from '../../../workers/contract/telemetry-views.ts'
import type { PeerView } from '../../../workers/contract/views.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState, useCommands, useLinks } from '../../hooks/use-app.ts'
import { usePolled } from '../../hooks/use-polled.ts'
import { useRowMotion } from '../../hooks/use-row-motion.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatBytes, formatDuration } from '../../text/format.ts'
import { networkText } from '../../text/network.ts'
import { peersText } from '../../text/peers.ts'
import { sayReason } from '../../text/reasons.ts'
import { topologyText } from '../../text/topology.ts'
import { KnownPeers } from './known-peers.tsx'
import { absent, ranked } from './peer-order.ts'
import { peerName, shortPeerId } from './peer-words.ts'
import { Score } from './score.tsx'
import { type PeerActions, usePeerActions } from './use-peer-actions.tsx'

/** Interval of the reputation (ms): a profile may know 2,000 peers, and their scores change slowly. */
const renewMs = 5_000

/** Number of table columns, for a row that failed to render. */
const columns = 6

/** Rows that are shown unasked; on a phone, where the style sheet hides the others, fewer. */
const firstRows = 8
const firstRowsOnPhone = 4

const none: readonly PeerView[] = []

/** Connected peers, ranked by reputation; those known from before are folded away below. */
export const Peers = () => {
  const titleId = useId()
  // The list is polled, so the last one is out of date when offline.
  const peers = useAppState(({ status, peers }) => (status?.online === false ? none : (peers ?? none)))
  const { reputation } = useCommands()
  const answer = usePolled(reputation, renewMs)
  const actions = usePeerActions()
  const [showsAll, setShowsAll] = useState(false)
  const known = answer === undefined || isFailureView(answer) ? [] : answer
  const knownById = new Map(known.map((each) => [each.peer, each]))
  const rows = ranked(peers)
  const shown = showsAll ? rows : rows.slice(0, firstRows)
  const body = useRef<HTMLTableSectionElement>(null)
  useRowMotion(body, shown.map(({ peerId }) => peerId).join(' '))
  return (
    <section aria-labelledby={titleId} className="panel peers-panel">
      <h2 id={titleId}>{peersText.title}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section aria-label={networkText.peers} className="peers-frame" tabIndex={0}>
        {rows.length === 0 ? (
          <p className="calm-note">{networkText.noPeers}</p>
        ) : (
          <table className={showsAll ? 'ranked-peers' : 'ranked-peers ranked-peers-best'}>
            <colgroup>
              <col className="peer-column-who" />
              <col className="peer-column-score" />
              <col />
              <col className="peer-column-rtt" />
              <col className="peer-column-bytes" />
              <col className="peer-column-actions" />
            </colgroup>
            <thead>
              <tr>
                <th scope="col">{networkText.peer}</th>
                <th scope="col">{peersText.score}</th>
                <th scope="col">{networkText.connection}</th>
                <th className="figure" scope="col">
                  {networkText.roundTrip}
                </th>
                <th className="figure" scope="col">
                  {peersText.traffic}
                </th>
                <th className="peer-actions" scope="col">
                  {peersText.actions}
                </th>
              </tr>
            </thead>
            <tbody ref={body}>
              {shown.map((peer) => (
                <Part as={{ columns }} key={peer.peerId} name={drawingFailureText.peer} of={peer}>
                  <Row actions={actions} known={knownById.get(peer.peerId)} peer={peer} />
                </Part>
              ))}
            </tbody>
          </table>
        )}
        {rows.length > firstRowsOnPhone && !showsAll ? (
          <Button
            className={rows.length > firstRows ? undefined : 'on-phone-only'}
            look="quiet"
            onClick={() => setShowsAll(true)}
          >
            {peersText.showAll(rows.length)}
          </Button>
        ) : null}
      </section>
      <KnownPeers actions={actions} known={absent(known, peers)} />
      {actions.dialog}
    </section>
  )
}

const Row = ({ peer, known, actions }: { peer: PeerView; known: ReputationView | undefined; actions: PeerActions }) => {
  const links = useLinks()
  const { peerId, kind, path, address, rttMs, health, healthReason, score, bytesIn, bytesOut } = peer
  const name = peerName(peer)
  return (
    <tr>
      <th className="peer-who" scope="row">
        <Link className="peer-link" href={links.peer(peerId)} title={peerId}>
          <code>{shortPeerId(peerId)}</code>
        </Link>
        {kind === 'relay' ? <span className="mark">{networkText.peerKind(kind)}</span> : null}
      </th>
      <td className="peer-score">
        <Score parts={known?.parts} score={score} />
      </td>
      <td className="peer-path" title={address}>
        {topologyText.pathShort(path)}
        {health === 'healthy' ? null : (
          <span className={`peer-health peer-${health}`}>
            <Icon name={health === 'degraded' ? 'warning' : 'error'} />
            {healthReason === undefined ? topologyText.health(health) : sayReason(healthReason)}
          </span>
        )}
      </td>
      <td className="figure peer-rtt" title={rttMs === undefined ? networkText.notMeasured : undefined}>
        {rttMs === undefined ? peersText.noRoundTrip : formatDuration(rttMs)}
      </td>
      <td className="figure peer-bytes">
        {peersText.bytes({ bytesIn: formatBytes(bytesIn), bytesOut: formatBytes(bytesOut) })}
      </td>
      <td className="peer-actions">
        <IconButton icon="ping" label={peersText.pingOf({ name })} onClick={() => void actions.ping(peer)} />
        <IconButton icon="unlink" label={peersText.disconnectOf({ name })} onClick={() => actions.disconnect(peer)} />
        {kind === 'relay' ? null : (
          <IconButton icon="ban" label={peersText.banOf({ name })} onClick={() => actions.ban(peer)} />
        )}
      </td>
    </tr>
  )
}
