import { beladyHits } from './belady-optimum.ts'

/**
 * Hit rate over the last requests, compared with that of the optimal policy. A request costs two writes to a ring buffer;
 * `rates` computes the optimum over the last window, with the window before it as warm-up.
 *
 * Guarantees: memory bounded by two windows of keys. Not exact: a key outside the ring counts as new, so the optimum is
 * slightly too low for rarely requested keys.
 */
export interface HitRateSample {
  /** Records a request for an existing value, and whether it was a hit. */
  record(key: string, hit: boolean): void
  /** Hit rates over the last `requests` requests. */
  rates(): HitRates
}

export interface HitRates {
  readonly requests: number
  readonly live: number
  readonly best: number
}

/**
 * @param capacity number of keys in the live cache.
 * @param window number of requests that the rates cover.
 */
export const createHitRateSample = (capacity: number, window: number): HitRateSample => {
  const size = 2 * window
  const keys: string[] = []
  const outcomes = new Uint8Array(size)
  let count = 0
  let computed: HitRates & { at: number } = { at: 0, requests: 0, live: 0, best: 0 }

  const compute = (): HitRates => {
    const start = count % size
    const inOrder = count <= size ? keys : [...keys.slice(start), ...keys.slice(0, start)]
    const best = beladyHits(inOrder, capacity)
    const requests = Math.min(count, window)
    let live = 0
    for (let back = 1; back <= requests; back += 1) live += outcomes[(count - back) % size] ?? 0
    const sum = best.subarray(best.length - requests).reduce((total, hit) => total + hit, 0)
    return { requests, live: live / requests, best: sum / requests }
  }

  return {
    record(key, hit) {
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
