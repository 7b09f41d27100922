import type { PeerView } from '../../../workers/contract/views.ts'

/** Directions in which bytes flowed between two looks at the peers. */
export interface Flow {
  in: boolean
  out: boolean
}

/** Compares the counters of each peer with those of the last look. A peer seen for the first time has no flow yet. */
export const createFlowDetector = () => {
  let before = new Map<string, PeerView>()
  return (peers: readonly PeerView[]): Map<string, Flow> => {
    const flows = new Map<string, Flow>()
    for (const peer of peers) {
      const last = before.get(peer.peerId)
      if (last !== undefined)
        flows.set(peer.peerId, { in: peer.bytesIn > last.bytesIn, out: peer.bytesOut > last.bytesOut })
    }
    before = new Map(peers.map((peer) => [peer.peerId, peer]))
    return flows
  }
}

const thinnest = 1.25
const widest = 7
/** Traffic that doubles the thinnest line (bytes in 10 s). */
const noticeableBytes = 1_000

/** Width of a line (px): grows with the logarithm, since traffic spans from pings to megabytes a second. */
export const widthOf = ({ recentBytesIn, recentBytesOut }: PeerView): number =>
  Math.min(widest, thinnest * (1 + Math.log2(1 + Math.max(0, recentBytesIn + recentBytesOut) / noticeableBytes) / 2))
