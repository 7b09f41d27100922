import type { PeerView } from '../../../workers/contract/views.ts'
import { Part } from '../../components/part.tsx'
import { useAppState } from '../../hooks/use-app.ts'
import { useNow } from '../../hooks/use-now.ts'
import { formatAgo, formatDuration, shortened } from '../../lib/format.ts'
import { sayReason } from '../../text/reasons.ts'

/** Of the table, for a row that could not be drawn. */
const columns = 6

/** Who this tab is connected to now. On a phone each row stands as a block. */
export const Peers = () => {
  // The list is asked for now and then: offline, the last one is out of date.
  const peers = useAppState(({ status, peers }) => (status?.online === false ? undefined : peers))
  const now = useNow()
  return (
    <section className="panel">
      <h2>Peers</h2>
      {peers === undefined || peers.length === 0 ? (
        <p className="calm-note">Not connected to anyone. Open this page in another browser to see two peers meet.</p>
      ) : (
        <table className="peers">
          <thead>
            <tr>
              <th scope="col">Peer</th>
              <th scope="col">Kind</th>
              <th scope="col">Connection</th>
              <th scope="col">Health</th>
              <th scope="col">Round trip</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {peers.map((peer) => (
              <Part
                as={{ columns }}
                key={`${peer.peerId} ${peer.address} ${peer.connectedAt}`}
                name="This peer"
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
      <td data-label="Kind">{kind === 'relay' ? 'Relay' : 'Peer'}</td>
      <td data-label="Connection" title={address}>
        {path === 'direct' ? 'Direct' : 'Through a relay'}
      </td>
      <td data-label="Health">
        {health === 'healthy' || healthReason === undefined ? 'Good' : sayReason(healthReason)}
      </td>
      <td data-label="Round trip">{rttMs === undefined ? 'not measured' : formatDuration(rttMs)}</td>
      <td data-label="Since">{formatAgo(connectedAt, now)}</td>
    </tr>
  )
}
