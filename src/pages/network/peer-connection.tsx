import type { ReactNode } from 'react'
import type { PeerDetailView } from '../../../workers/contract/telemetry-views.ts'
import { Icon } from '../../components/icon.tsx'
import { useNow } from '../../hooks/use-now.ts'
import { formatAgo, formatBytes, formatDateTime, formatDuration } from '../../text/format.ts'
import { networkText } from '../../text/network.ts'
import { peersText } from '../../text/peers.ts'
import { sayReason } from '../../text/reasons.ts'
import { tame } from '../../text/words.ts'

/** Path, health, round trip and bytes of a connected peer. */
export const PeerConnection = ({ detail }: { detail: PeerDetailView }) => {
  const now = useNow()
  const { path, address, connectedAt, health, healthReason, rttMs, kept } = detail
  const { bytesIn, bytesOut, recentBytesIn, recentBytesOut } = detail
  return (
    <section className="panel">
      <h2>{peersText.overview}</h2>
      <dl className="fact-list fact-list-wide peer-facts">
        <Fact name={networkText.connection}>{networkText.path(path)}</Fact>
        <Fact name={networkText.health}>
          <span className={`peer-health peer-${health}`}>
            {health === 'healthy' ? null : <Icon name={health === 'degraded' ? 'warning' : 'error'} />}
            {health === 'healthy' || healthReason === undefined ? networkText.healthy : sayReason(healthReason)}
          </span>
        </Fact>
        <Fact name={networkText.roundTrip}>
          {rttMs === undefined ? networkText.notMeasured : formatDuration(rttMs)}
        </Fact>
        <Fact name={peersText.bytesIn}>
          {peersText.recentBytes({ bytes: formatBytes(bytesIn), recent: formatBytes(recentBytesIn) })}
        </Fact>
        <Fact name={peersText.bytesOut}>
          {peersText.recentBytes({ bytes: formatBytes(bytesOut), recent: formatBytes(recentBytesOut) })}
        </Fact>
        <Fact name={networkText.connected}>
          <time title={formatDateTime(connectedAt)}>{formatAgo(connectedAt, now)}</time>
        </Fact>
        <Fact name={peersText.kept}>{kept ? peersText.keptYes : peersText.keptNo}</Fact>
        <Fact name={peersText.address}>
          <code className="break">{tame(address)}</code>
        </Fact>
      </dl>
    </section>
  )
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)
