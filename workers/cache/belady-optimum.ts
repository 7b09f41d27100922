/**
 * The best hit rate that any policy could have had (Belady's optimum, for one that knows the future and may pass a key
 * by), beside the live one, over the last requests. Computed as they come (OPTgen: Jain and Lin, “Back to the future”,
 * 2016): a request is a hit of the optimum when, since the last request for its key, there was always a slot left.
 *
 * Guarantees: time logarithmic in the window for each request, memory bounded by it. Not exact at one end: a key
 * that was not asked for within the window counts as new, so the optimum comes out a little low for keys asked for
 * very rarely.
 */
export interface OptimumMeter {
  /** One request, and whether the live cache had it. */
  note(key: string, hit: boolean): void
  /** Shares of the last requests, of which there are `requests`. */
  rates(): { requests: number; live: number; best: number }
}

/**
 * @param slots how many keys the live cache holds.
 * @param window requests looked back at; rounded up to a power of two.
 */
export const createOptimumMeter = (slots: number, window: number): OptimumMeter => {
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, window)))
  const taken = createOccupancy(size)
  const keys: (string | undefined)[] = new Array(size).fill(undefined)
  const outcomes = new Uint8Array(size)
  /** When each key was last asked for, as a count of requests. */
  const lastByKey = new Map<string, number>()
  let count = 0
  let live = 0
  let best = 0

  return {
    note(key, hit) {
      const place = count % size
      const leaving = keys[place]
      if (leaving !== undefined) {
        if (lastByKey.get(leaving) === count - size) lastByKey.delete(leaving)
        const outcome = outcomes[place] ?? 0
        live -= outcome & liveBit
        best -= outcome >> 1
      }
      const last = lastByKey.get(key)
      // The slot of this moment starts empty; a key takes one from its last request until just before this one.
      taken.clear(place)
      const kept = last !== undefined && taken.take(last % size, place, slots)
      outcomes[place] = (hit ? liveBit : 0) | (kept ? bestBit : 0)
      if (hit) live += 1
      if (kept) best += 1
      keys[place] = key
      lastByKey.set(key, count)
      count += 1
    },
    rates() {
      const requests = Math.min(count, size)
      return { requests, live: requests === 0 ? 0 : live / requests, best: requests === 0 ? 0 : best / requests }
    },
  }
}

const liveBit = 1
const bestBit = 2

/** Where a half is not asked about: below a node that was raised as a whole, a part that was cleared is negative. */
const nothing = Number.NEGATIVE_INFINITY

interface Occupancy {
  clear(place: number): void
  /** Takes one slot at every place from `from` up to, not including, `to`, around the end; false when one is full. */
  take(from: number, to: number, slots: number): boolean
}

/** How many keys the optimum holds at each moment: a ring in a segment tree with additions to ranges. */
const createOccupancy = (size: number): Occupancy => {
  // Of the part under a node: what was added to all of it, and the largest sum below and in it.
  const added = new Int32Array(2 * size)
  const most = new Int32Array(2 * size)

  const mostIn = (node: number): number => most[node] ?? 0

  const largest = (node: number, start: number, length: number, from: number, to: number): number => {
    if (from <= start && start + length <= to) return mostIn(node)
    const half = length >> 1
    const middle = start + half
    const left = from < middle ? largest(2 * node, start, half, from, to) : nothing
    const right = to > middle ? largest(2 * node + 1, middle, half, from, to) : nothing
    return (added[node] ?? 0) + Math.max(left, right)
  }

  const raise = (node: number, start: number, length: number, from: number, to: number, by: number): void => {
    if (from <= start && start + length <= to) {
      added[node] = (added[node] ?? 0) + by
      most[node] = mostIn(node) + by
      return
    }
    const half = length >> 1
    const middle = start + half
    if (from < middle) raise(2 * node, start, half, from, to, by)
    if (to > middle) raise(2 * node + 1, middle, half, from, to, by)
    most[node] = (added[node] ?? 0) + Math.max(mostIn(2 * node), mostIn(2 * node + 1))
  }

  return {
    clear(place) {
      const held = largest(1, 0, size, place, place + 1)
      if (held !== 0) raise(1, 0, size, place, place + 1, -held)
    },
    take(from, to, slots) {
      const parts: [number, number][] =
        from < to ? [[from, to]] : [[from, size], ...(to > 0 ? [[0, to] as [number, number]] : [])]
      for (const [start, end] of parts) if (largest(1, 0, size, start, end) >= slots) return false
      for (const [start, end] of parts) raise(1, 0, size, start, end, 1)
      return true
    },
  }
}
