import type { ReactNode } from 'react'
import type { PeerView } from '../../../workers/contract/views.ts'
import { topologyText } from '../../text/topology.ts'

/** The signs of the picture of connections. */
export const Legend = () => (
  <ul aria-label={topologyText.legend} className="topology-legend">
    <Sign text={topologyText.legendPeer}>
      <circle className="topology-shape" cx="10" cy="8" r="6" />
    </Sign>
    <Sign text={topologyText.legendRelay}>
      <rect className="topology-shape" height="12" rx="2" width="12" x="4" y="2" />
    </Sign>
    <Sign text={topologyText.legendDirect}>
      <line className="topology-legend-line" x1="1" x2="19" y1="8" y2="8" />
    </Sign>
    <Sign text={topologyText.legendRelayed}>
      <line className="topology-legend-line topology-legend-dashed" x1="1" x2="19" y1="8" y2="8" />
    </Sign>
    <Sign text={topologyText.legendDegraded} tone="degraded">
      <circle className="topology-shape" cx="10" cy="8" r="6" />
      <text className="topology-mark" fontSize="10" x="10" y="8">
        {topologyText.degradedMark}
      </text>
    </Sign>
    <Sign text={topologyText.legendUnhealthy} tone="unhealthy">
      <circle className="topology-shape" cx="10" cy="8" r="6" />
      <text className="topology-mark" fontSize="11" x="10" y="8">
        {topologyText.unhealthyMark}
      </text>
    </Sign>
    <li>{topologyText.legendDistance}</li>
    <li>{topologyText.legendWidth}</li>
  </ul>
)

const Sign = ({
  text,
  tone = 'healthy',
  children,
}: {
  text: string
  tone?: PeerView['health']
  children: ReactNode
}) => (
  <li>
    <svg aria-hidden="true" className={`topology-${tone}`} height="16" viewBox="0 0 20 16" width="20">
      {children}
    </svg>
    {text}
  </li>
)
