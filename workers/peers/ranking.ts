/** One peer to choose from. */
export interface RankedPeer {
  peer: string
  score: number
  /** False while nothing is known of it: its score is a guess. */
  known: boolean
}

export interface RankOptions {
  /** How many are wanted; all when not said. */
  count?: number
  /** Share of the picks that tries out an unknown peer. */
  explore?: number
}

/**
 * One pick in ten: a fetch or lookup that asks three to five peers meets somebody new every second or third time, and
 * the loss is small where the known ones are good.
 */
const exploreShare = 0.1

/**
 * Peers best first. Each place goes, by chance (`random`), to an unknown peer instead of the best one left, so that good
 * peers are found. Equals come in random order, so that they share the work. Pure but for `random`.
 */
export const rankPeers = (
  candidates: readonly RankedPeer[],
  random: () => number,
  { count = candidates.length, explore = exploreShare }: RankOptions = {},
): string[] => {
  const sorted = shuffled(candidates, random).sort((a, b) => b.score - a.score)
  const unknown: number[] = []
  for (const [place, { known }] of sorted.entries()) if (!known) unknown.push(place)
  const taken = new Uint8Array(sorted.length)
  const ranked: string[] = []
  let best = 0
  while (ranked.length < Math.min(count, sorted.length)) {
    while (taken[best] === 1) best += 1
    const place = unknown.length > 0 && random() < explore ? drawUntaken(unknown, taken, random, best) : best
    taken[place] = 1
    const chosen = sorted[place]
    if (chosen !== undefined) ranked.push(chosen.peer)
  }
  return ranked
}

/** Takes one of `places` out, those passed over being dropped; `otherwise` when all of them were taken. */
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

/** Fisher and Yates. */
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
