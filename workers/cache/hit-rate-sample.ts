import { beladyHits } from './belady-optimum.ts'

/**
 * The hit rate over the last requests, beside the one that the best possible policy would have. A request costs two
 * writes into a ring; the optimum is computed when the rates are asked for, over the last window with the one before it
 * to fill the slots.
 *
 * Guarantees: memory bounded by two windows of keys. Not exact: a key that was not asked for within the ring counts as
 * new, so the optimum comes out a little low for keys that are asked for very rarely.
 */
export interface HitRateSample {
  /** One request for a value that exists, and whether the live cache had it. */
  note(key: string, hit: boolean): void
  /** Shares of the last requests, of which there are `requests`. */
  rates(): HitRates
}

export interface HitRates {
  readonly requests: number
  readonly live: number
  readonly best: number
}

/**
 * @param slots how many keys the live cache holds.
 * @param window requests that the rates are about.
 */
export const createHitRateSample = (slots: number, window: number): HitRateSample => {
  const size = 2 * window
  const keys: string[] = []
  const outcomes = new Uint8Array(size)
  let count = 0
  let computed: HitRates & { at: number } = { at: 0, requests: 0, live: 0, best: 0 }

  const compute = (): HitRates => {
    const start = count % size
    const inOrder = count <= size ? keys : [...keys.slice(start), ...keys.slice(0, start)]
    const best = beladyHits(inOrder, slots)
    const requests = Math.min(count, window)
    let live = 0
    for (let back = 1; back <= requests; back += 1) live += outcomes[(count - back) % size] ?? 0
    const sum = best.subarray(best.length - requests).reduce((total, hit) => total + hit, 0)
    return { requests, live: live / requests, best: sum / requests }
  }

  return {
    note(key, hit) {
      keys[count % size] = key
      outcomes[count % size] = hit ? 1 : 0
      count += 1
    },
    rates() {
      if (computed.at !== count) computed = { at: count, ...compute() }
      const { requests, live, best } = computed
      return { requests, live, best }
    },
  }
}
