/** A peer to rank. */
export interface RankedPeer {
  peer: string
  score: number
  /** False without recent experience, when the score is a guess. */
  tried: boolean
}

export interface RankOptions {
  /** Number of peers requested; all by default. */
  count?: number
  /** Share of the picks that go to untried peers. */
  explore?: number
}

/**
 * One pick in ten: a fetch or lookup that asks three to five peers meets a new one every second or third time, at a small
 * cost when the tried ones are good.
 */
const exploreShare = 0.1

/**
 * Ranks peers, best first. At random, a place goes to an untried peer instead of the best one left, so that good peers
 * are found. Equal peers are shuffled to share the work. Pure except for `random`.
 */
export const rankPeers = (
  candidates: readonly RankedPeer[],
  random: () => number,
  { count = candidates.length, explore = exploreShare }: RankOptions = {},
): string[] => {
  const sorted = shuffled(candidates, random).sort((a, b) => b.score - a.score)
  const untried: number[] = []
  for (const [place, { tried }] of sorted.entries()) if (!tried) untried.push(place)
  const taken = new Uint8Array(sorted.length)
  const ranked: string[] = []
  let best = 0
  while (ranked.length < Math.min(count, sorted.length)) {
    while (taken[best] === 1) best += 1
    const place = untried.length > 0 && random() < explore ? drawUntaken(untried, taken, random, best) : best
    taken[place] = 1
    const chosen = sorted[place]
    if (chosen !== undefined) ranked.push(chosen.peer)
  }
  return ranked
}

/** Draws a random untaken place and removes it from `places`, with taken ones it meets; `otherwise` if all are taken. */
const drawUntaken = (places: number[], taken: Uint8Array, random: () => number, otherwise: number): number => {
  while (places.length > 0) {
    const at = Math.floor(random() * places.length)
    const place = places[at] ?? otherwise
    const last = places.pop()
    if (last !== undefined && at < places.length) places[at] = last
    if (taken[place] === 0) return place
  }
  return otherwise
}

/** Fisher–Yates shuffle. */
const shuffled = <T>(items: readonly T[], random: () => number): T[] => {
  const mixed = [...items]
  for (let end = mixed.length - 1; end > 0; end -= 1) {
    const at = Math.floor(random() * (end + 1))
    const [one, other] = [mixed[end], mixed[at]]
    if (one === undefined || other === undefined) continue
    mixed[at] = one
    mixed[end] = other
  }
  return mixed
}
