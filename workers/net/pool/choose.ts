/**
 * Which connections a pool closes, as pure functions of what it has: ones too many to one peer, idle ones, and peers
 * above the limit.
 */

/** One connection, as far as these choices need it. Times are ms of one clock. */
export interface ConnectionFacts {
  id: string
  direct: boolean
  openedAt: number
  /** Both sides are known to have finished connecting. */
  settled: boolean
  /** Streams beside those that connecting itself needs. */
  busyStreams: number
}

/**
 * A second direct connection is not closed before it is this old, ms: gossip that is just opening its stream on it would
 * not notice the end of that stream, and count on it for good.
 */
const ripeMs = 2_000

/** A connection that both sides may be about to close is left this long to the side with the lower id, ms. */
const leaveToLowerMs = 30_000

/**
 * The connections to one peer that are to be closed: a relayed one when a direct one works and nothing runs over it, and
 * all direct ones but one. Which one stays is decided by the side with the lower id, because both sides may have seen
 * them come about in another order; the other side decides only when nothing has happened for long.
 */
export const superfluous = (
  connections: readonly ConnectionFacts[],
  { isLower, now }: { isLower: boolean; now: number },
): ConnectionFacts[] => {
  const direct = connections.filter((each) => each.direct)
  const settled = direct.filter((each) => each.settled)
  if (settled.length === 0) return []
  const twins = connections.filter((each) => !each.direct && each.busyStreams === 0)
  // What runs over a connection is lost with it, and the older one carries the gossip.
  const [kept] = [...settled].sort(
    (a, b) => b.busyStreams - a.busyStreams || a.openedAt - b.openedAt || (a.id < b.id ? -1 : 1),
  )
  const mayDecide = (each: ConnectionFacts): boolean => now - each.openedAt >= (isLower ? ripeMs : leaveToLowerMs)
  return [...twins, ...direct.filter((each) => each !== kept && mayDecide(each))]
}

/** One peer with a direct connection. */
export interface PeerFacts {
  peer: string
  /** Its gossip mesh membership: closing it would leave a hole that has to be filled anew. */
  inMesh: boolean
  /** In [0, 1]. */
  score: number
  usedAt: number
  openedAt: number
}

export interface Limits {
  /** Peers that are kept although nothing is asked of them, best first: whom to ask next, and whom gossip needs. */
  keep: number
  /** Above so many, the least useful go at once. */
  max: number
  /** A peer beyond `keep` that was not used for so long goes, ms. */
  idleMs: number
  /** A new peer has this long to become useful before it can be one of the least useful, ms. */
  graceMs: number
}

/** Best first: mesh members, then those that served lately, then by score; the older one of equals. */
const byUsefulness = (peers: readonly PeerFacts[], { idleMs }: Pick<Limits, 'idleMs'>, now: number): PeerFacts[] =>
  [...peers].sort(
    (a, b) =>
      Number(b.inMesh) - Number(a.inMesh) ||
      Number(now - b.usedAt < idleMs) - Number(now - a.usedAt < idleMs) ||
      b.score - a.score ||
      a.openedAt - b.openedAt ||
      (a.peer < b.peer ? -1 : 1),
  )

export interface Choice {
  /** Useful: the pruner of libp2p is told to spare them. */
  kept: string[]
  idle: string[]
  tooMany: string[]
}

/** Which peers stay, which go because nobody needs them, and which because there are too many. */
export const chooseKept = (peers: readonly PeerFacts[], limits: Limits, now: number): Choice => {
  const ranked = byUsefulness(peers, limits, now)
  const kept = ranked.filter(({ inMesh }, place) => inMesh || place < limits.keep).map(({ peer }) => peer)
  const isKept = new Set(kept)
  const idle = ranked
    .filter(({ peer, usedAt }) => !isKept.has(peer) && now - usedAt >= limits.idleMs)
    .map(({ peer }) => peer)
  const isIdle = new Set(idle)
  const staying = ranked.filter(({ peer }) => !isIdle.has(peer))
  const excess = Math.max(0, staying.length - limits.max)
  const isNew = ({ openedAt }: PeerFacts): boolean => now - openedAt < limits.graceMs
  // The least useful of those that had their time; then newcomers, the last one first; friends only where all are.
  const leastFirst = [...staying].reverse()
  const spare = leastFirst.filter(({ peer }) => !isKept.has(peer))
  const order = [
    ...spare.filter((each) => !isNew(each)),
    ...spare.filter(isNew).sort((a, b) => b.openedAt - a.openedAt),
    ...leastFirst.filter(({ peer }) => isKept.has(peer)),
  ]
  return { kept, idle, tooMany: order.slice(0, excess).map(({ peer }) => peer) }
}
