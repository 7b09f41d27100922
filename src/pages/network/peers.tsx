import type { PeerView } from '../../../workers/contract/views.ts'
import { Part } from '../../components/part.tsx'
import { useAppState } from '../../hooks/use-app.ts'
import { useNow } from '../../hooks/use-now.ts'
import { shortened } from '../../lib/names.ts'
import { drawingFailureText } from '../../text/drawing-failures.ts'
import { formatAgo, formatDuration } from '../../text/format.ts'
import { networkText } from '../../text/network.ts'
import { sayReason } from '../../text/reasons.ts'

/** Number of table columns, for a row that failed to render. */
const columns = 6

/** Connected peers. On a phone each row becomes a block. */
export const Peers = () => {
  // The list is polled, so the last one is out of date when offline.
  const peers = useAppState(({ status, peers }) => (status?.online === false ? undefined : peers))
  const now = useNow()
  return (
    <section className="panel">
      <h2>{networkText.peers}</h2>
      {peers === undefined || peers.length === 0 ? (
        <p className="calm-note">{networkText.noPeers}</p>
      ) : (
        <table className="peers">
          <thead>
            <tr>
              <th scope="col">{networkText.peer}</th>
              <th scope="col">{networkText.kind}</th>
              <th scope="col">{networkText.connection}</th>
              <th scope="col">{networkText.health}</th>
              <th scope="col">{networkText.roundTrip}</th>
              <th scope="col">{networkText.connected}</th>
            </tr>
          </thead>
          <tbody>
            {peers.map((peer) => (
              <Part
                as={{ columns }}
                key={`${peer.peerId} ${peer.address} ${peer.connectedAt}`}
                name={drawingFailureText.peer}
                of={peer}
              >
                <Peer now={now} peer={peer} />
              </Part>
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

const Peer = ({ peer, now }: { peer: PeerView; now: number }) => {
  const { peerId, kind, path, address, rttMs, connectedAt, health, healthReason } = peer
  return (
    <tr>
      <th scope="row">
        <code title={peerId}>{shortened(peerId, 6)}</code>
      </th>
      <td data-label={networkText.kind}>{networkText.peerKind(kind)}</td>
      <td data-label={networkText.connection} title={address}>
        {networkText.path(path)}
      </td>
      <td data-label={networkText.health}>
        {health === 'healthy' || healthReason === undefined ? networkText.healthy : sayReason(healthReason)}
      </td>
      <td data-label={networkText.roundTrip}>
        {rttMs === undefined ? networkText.notMeasured : formatDuration(rttMs)}
      </td>
      <td data-label={networkText.connected}>{formatAgo(connectedAt, now)}</td>
    </tr>
  )
}
