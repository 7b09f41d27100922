import { createSeededRandom } from '../../workers/testing/seeded-random.ts'

/** Request traces, reproducible from a seed. */

/** Draws ranks from 0 to `keys` − 1, rank r with a probability proportional to 1 / (r + 1)^`exponent`. */
const createZipf = (keys: number, exponent: number, random: () => number): (() => number) => {
  const sums = new Float64Array(keys)
  let sum = 0
  for (let rank = 0; rank < keys; rank += 1) {
    sum += 1 / (rank + 1) ** exponent
    sums[rank] = sum
  }
  return () => {
    const wanted = random() * sum
    let low = 0
    let high = keys - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}

export interface TraceOptions {
  keys: number
  requests: number
  seed: number
  exponent: number
}

export const zipfTrace = ({ keys, requests, seed, exponent }: TraceOptions): string[] => {
  const next = createZipf(keys, exponent, createSeededRandom(seed))
  return Array.from({ length: requests }, () => keyOf(next()))
}

/** Shifts all ranks by one after every `every` requests, so that the most popular key changes. */
export const driftingTrace = ({ keys, requests, seed, exponent }: TraceOptions, every: number): string[] => {
  const next = createZipf(keys, exponent, createSeededRandom(seed))
  return Array.from({ length: requests }, (_, at) => keyOf((next() + Math.floor(at / every)) % keys))
}

/** Inserts a scan of `length` one-hit wonders after every `period` requests. */
export const scanTrace = (options: TraceOptions, period: number, length: number): string[] => {
  const trace: string[] = []
  for (const [at, key] of zipfTrace(options).entries()) {
    trace.push(key)
    if (at % period === period - 1) for (let n = 0; n < length; n += 1) trace.push(`scan-${at}-${n}`)
  }
  return trace
}

/** Repeats `length` keys in order, as when someone opens all pages of a list again and again. */
export const loopTrace = (length: number, requests: number): string[] =>
  Array.from({ length: requests }, (_, at) => keyOf(at % length))

/** Keys have the length of a package id. */
const keyOf = (rank: number): string => `k51qzi5uqu5dgutdk6i1ynyzgkqngpha5xpgia3a5qqp4jsh0u4e/pkg-${rank}`
