import type { PeerView } from '../../../workers/contract/views.ts'
import { shortened } from '../../lib/names.ts'
import { formatBytes, formatDuration } from '../../text/format.ts'
import { topologyText } from '../../text/topology.ts'

/** Peers in words, the same in picture, table and page. */

export const shortPeerId = (peerId: string): string => shortened(peerId, 6)

/** For whatever acts on a peer: `peer 12D3Ko…4f7Xab`. */
export const peerName = ({ peerId, kind }: Pick<PeerView, 'peerId' | 'kind'>): string =>
  `${topologyText.kind(kind)} ${shortPeerId(peerId)}`

/** `Peer 12D3Ko…4f7Xab, direct, 12 ms, healthy`. */
export const peerSentence = ({ peerId, kind, path, rttMs, health }: PeerView): string =>
  topologyText.node({
    kind: topologyText.kind(kind),
    name: shortPeerId(peerId),
    path: topologyText.path(path),
    roundTrip: rttMs === undefined ? topologyText.notMeasured : formatDuration(rttMs),
    health: topologyText.health(health),
  })

export const recentTraffic = ({ recentBytesIn, recentBytesOut }: PeerView): string =>
  recentBytesIn + recentBytesOut === 0
    ? topologyText.noTraffic
    : topologyText.recent({ bytesIn: formatBytes(recentBytesIn), bytesOut: formatBytes(recentBytesOut) })
