import './peers.css'
import { useId, useState } from 'react'
import { Link } from 'wouter'
import type { ReputationView } from '../../../workers/contract/telemetry-views.ts'
import type { PeerView } from '../../../workers/contract/views.ts'
import { Button, IconButton } from '../../components/button.tsx'
import { Icon } from '../../components/icon.tsx'
import { Part } from '../../components/part.tsx'
import { useAppState, useCommands, useLinks } from '../../hooks/use-app.ts'
import { usePolled } from '../../hooks/use-polled.ts'
import { isFailureView } from '../../store/failure-view.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatBytes, formatDuration } from '../../text/format.ts'
import { networkText } from '../../text/network.ts'
import { peersText } from '../../text/peers.ts'
import { sayReason } from '../../text/reasons.ts'
import { KnownPeers } from './known-peers.tsx'
import { absent, ranked } from './peer-order.ts'
import { peerName, shortPeerId } from './peer-words.ts'
import { Score } from './score.tsx'
import { type PeerActions, usePeerActions } from './use-peer-actions.tsx'

const renewMs = 1_000

/** Number of table columns, for a row that failed to render. */
const columns = 8

/** Rows that are drawn unasked. */
const firstRows = 12

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
  return (
    <section aria-labelledby={titleId} className="panel peers-panel">
      <h2 id={titleId}>{peersText.title}</h2>
      {rows.length === 0 ? (
        <p className="calm-note">{networkText.noPeers}</p>
      ) : (
        <table className="ranked-peers">
          <thead>
            <tr>
              <th scope="col">{networkText.peer}</th>
              <th scope="col">{peersText.score}</th>
              <th scope="col">{networkText.kind}</th>
              <th scope="col">{networkText.connection}</th>
              <th scope="col">{networkText.health}</th>
              <th className="figure" scope="col">
                {networkText.roundTrip}
              </th>
              <th className="figure" scope="col">
                {peersText.traffic}
              </th>
              <th scope="col">{peersText.actions}</th>
            </tr>
          </thead>
          <tbody>
            {(showsAll ? rows : rows.slice(0, firstRows)).map((peer) => (
              <Part as={{ columns }} key={peer.peerId} name={drawingFailureText.peer} of={peer}>
                <Row actions={actions} known={knownById.get(peer.peerId)} peer={peer} />
              </Part>
            ))}
          </tbody>
        </table>
      )}
      {rows.length > firstRows && !showsAll ? (
        <Button look="quiet" onClick={() => setShowsAll(true)}>
          {peersText.showAll(rows.length)}
        </Button>
      ) : null}
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
      <th scope="row">
        <Link className="peer-link" href={links.peer(peerId)} title={peerId}>
          <code>{shortPeerId(peerId)}</code>
        </Link>
      </th>
      <td className="peer-score">
        <Score parts={known?.parts} score={score} />
      </td>
      <td>{networkText.peerKind(kind)}</td>
      <td title={address}>{networkText.path(path)}</td>
      <td className={`peer-health peer-${health}`}>
        {health === 'healthy' ? null : <Icon name={health === 'degraded' ? 'warning' : 'error'} />}
        {health === 'healthy' || healthReason === undefined ? networkText.healthy : sayReason(healthReason)}
      </td>
      <td className="figure">{rttMs === undefined ? networkText.notMeasured : formatDuration(rttMs)}</td>
      <td className="figure">{peersText.bytes({ bytesIn: formatBytes(bytesIn), bytesOut: formatBytes(bytesOut) })}</td>
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
