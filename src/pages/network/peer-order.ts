import type { ReputationView } from '../../../workers/contract/telemetry-views.ts'
import type { PeerView } from '../../../workers/contract/views.ts'

/** Pure orders of the peer table. */

/** Scores that look alike rank alike, so that rows do not change places with every answer. */
const shownScore = (score: number): number => Math.round(score * 100)

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Best first. */
export const ranked = (peers: readonly PeerView[]): PeerView[] =>
  [...peers].sort((a, b) => shownScore(b.score) - shownScore(a.score) || byText(a.peerId, b.peerId))

/** Peers without a connection, best first; banned ones at the end, the longest ban last. */
export const absent = (known: readonly ReputationView[], connected: readonly PeerView[]): ReputationView[] => {
  const here = new Set(connected.map(({ peerId }) => peerId))
  return known
    .filter(({ peer }) => !here.has(peer))
    .sort(
      (a, b) =>
        (a.bannedUntil ?? 0) - (b.bannedUntil ?? 0) ||
        shownScore(b.score) - shownScore(a.score) ||
        byText(a.peer, b.peer),
    )
}
