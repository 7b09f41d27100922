/**
 * Decides which connections the pool closes: duplicates, idle ones, and peers over the limit. Pure.
 */

/** The facts of one connection. Times are ms of one clock. */
export interface ConnectionFacts {
  id: string
  direct: boolean
  openedAt: number
  /** Both sides have finished connecting. */
  settled: boolean
  /** Streams besides those of the connection setup. */
  busyStreams: number
}

/**
 * Age before a duplicate direct connection may be closed (ms). If gossip is just opening its stream there, it would
 * miss the end of that stream and rely on it forever.
 */
const minDuplicateAgeMs = 2_000

/** Age at which the side with the higher id closes duplicates that the other side has not closed (ms). */
const higherSideAgeMs = 30_000

/**
 * Selects the connections to one peer to close: idle relayed ones when a direct one works, and all direct ones except
 * one. The side with the lower id chooses which one stays, because the two sides may have seen them open in a different
 * order; the other side chooses only if nothing happens for a long time.
 */
export const duplicateConnections = (
  connections: readonly ConnectionFacts[],
  { isLower, now }: { isLower: boolean; now: number },
): ConnectionFacts[] => {
  const direct = connections.filter((each) => each.direct)
  const settled = direct.filter((each) => each.settled)
  if (settled.length === 0) return []
  const idleRelayed = connections.filter((each) => !each.direct && each.busyStreams === 0)
  // Closing a busy connection loses its streams, and the older one carries the gossip.
  const [kept] = [...settled].sort(
    (a, b) => b.busyStreams - a.busyStreams || a.openedAt - b.openedAt || (a.id < b.id ? -1 : 1),
  )
  const mayDecide = (each: ConnectionFacts): boolean =>
    now - each.openedAt >= (isLower ? minDuplicateAgeMs : higherSideAgeMs)
  return [...idleRelayed, ...direct.filter((each) => each !== kept && mayDecide(each))]
}

/** The facts of one peer with a direct connection. */
export interface PeerFacts {
  peer: string
  /** True for a member of the gossip mesh, which would have to replace it. */
  inMesh: boolean
  /** Reputation, in [0, 1]. */
  score: number
  usedAt: number
  openedAt: number
}

export interface Limits {
  /** Number of peers kept even when idle, for the next queries and for gossip. */
  keep: number
  /** Limit of peers; the least useful ones above it are closed at once. */
  max: number
  /** Idle time after which a peer beyond `keep` is closed (ms). */
  idleMs: number
  /** Time for a new peer to become useful before it may count as one of the least useful (ms). */
  graceMs: number
}

/** Sorts the best first: mesh members, then recently used ones, then by score, then by age. */
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
  /** Peers that libp2p's pruner should spare. */
  kept: string[]
  idle: string[]
  overLimit: string[]
}

/** Decides which peers stay, and which are closed because they are idle or over the limit. */
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
  // First the least useful after their grace period, then newcomers with the newest first, and kept peers last.
  const leastFirst = [...staying].reverse()
  const spare = leastFirst.filter(({ peer }) => !isKept.has(peer))
  const order = [
    ...spare.filter((each) => !isNew(each)),
    ...spare.filter(isNew).sort((a, b) => b.openedAt - a.openedAt),
    ...leastFirst.filter(({ peer }) => isKept.has(peer)),
  ]
  return { kept, idle, overLimit: order.slice(0, excess).map(({ peer }) => peer) }
}
