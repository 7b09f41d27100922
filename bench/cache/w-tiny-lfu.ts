import type { EvictionPolicy } from './eviction-policies.ts'

/** Initial and minimum share of the window in the capacity (Caffeine's choice for static popularity). */
const firstWindowShare = 0.01

/** Maximum share of the window: the rest must still distinguish a scan from entries in use. */
const maxWindowShare = 0.8

/** Protected share of the main part (segmented LRU; Caffeine's choice). */
const protectedShare = 0.8

/** Requests per sample of the hit rate, in capacities: short enough to follow a drift, long enough to average out chance. */
const climbPeriod = 10

/** First change of the window's size, as a share of the capacity, and its decay per change. */
const firstStepShare = 0.0625
const stepDecay = 0.98

/** A change of the hit rate that indicates a new load and resets the step to full size. */
const restartChange = 0.05

/**
 * W-TinyLFU for comparison (Einziger, Friedman and Manes, “TinyLFU”, 2017; “Adaptive software cache management”, 2018):
 * an LRU window, a segmented LRU behind an admission policy by frequency, and a window size that follows the hit rate.
 */
export const createWTinyLfu = (capacity: number): EvictionPolicy => {
  const sketch = createFrequencySketch(capacity)
  const minWindow = Math.max(1, Math.round(capacity * firstWindowShare))
  const maxWindow = Math.max(minWindow, Math.floor(capacity * maxWindowShare))
  // Maps keep the order of recency: the first key is the least recently used.
  const fresh = new Map<string, true>()
  const probation = new Map<string, true>()
  const guarded = new Map<string, true>()
  let windowSize = minWindow
  let step = capacity * firstStepShare
  let requests = 0
  let hits = 0
  let lastRate = 0

  const size = (): number => fresh.size + probation.size + guarded.size

  const hold = (key: string): boolean => {
    if (fresh.delete(key)) {
      fresh.set(key, true)
    } else if (guarded.delete(key)) {
      guarded.set(key, true)
    } else if (probation.delete(key)) {
      guarded.set(key, true)
      demote()
    } else {
      return false
    }
    return true
  }

  const demote = (): void => {
    const room = Math.floor((capacity - windowSize) * protectedShare)
    while (guarded.size > room) move(guarded, probation)
  }

  /** Climbs the hit rate: continues in the same direction while it rises and turns back when it falls. */
  const climb = (): void => {
    const rate = hits / requests
    const change = rate - lastRate
    if (change < 0) step = -step
    if (Math.abs(change) >= restartChange) step = Math.sign(step) * capacity * firstStepShare
    windowSize = Math.min(maxWindow, Math.max(minWindow, Math.round(windowSize + step)))
    step *= stepDecay
    lastRate = rate
    requests = 0
    hits = 0
    demote()
    while (fresh.size > windowSize) move(fresh, probation)
  }

  /** The eviction candidate of the main part. */
  const victim = (): string | undefined => oldest(probation) ?? oldest(guarded)

  const remove = (key: string): boolean => fresh.delete(key) || probation.delete(key) || guarded.delete(key)

  return {
    touch(key) {
      sketch.add(key)
      const held = hold(key)
      requests += 1
      if (held) hits += 1
      if (requests >= capacity * climbPeriod && size() >= capacity) climb()
      return held
    },

    add(key) {
      if (capacity < 1) return key
      if (hold(key)) return undefined
      fresh.set(key, true)
      if (size() <= capacity) {
        if (fresh.size > windowSize) move(fresh, probation)
        return undefined
      }
      const candidate = fresh.size > windowSize ? oldest(fresh) : undefined
      const incumbent = victim()
      if (candidate === undefined || incumbent === undefined) {
        const gone = incumbent ?? oldest(fresh)
        if (gone !== undefined) remove(gone)
        return gone
      }
      fresh.delete(candidate)
      if (sketch.estimate(candidate) <= sketch.estimate(incumbent)) return candidate
      remove(incumbent)
      probation.set(candidate, true)
      return incumbent
    },
  }
}

const oldest = (keys: Map<string, true>): string | undefined => keys.keys().next().value

const move = (from: Map<string, true>, to: Map<string, true>): void => {
  const key = oldest(from)
  if (key === undefined) return
  from.delete(key)
  to.set(key, true)
}

/**
 * Estimates recent request frequencies in little memory: a count-min sketch (Cormode and Muthukrishnan, 2005) whose
 * counters are halved periodically. It overestimates keys that share counters and forgets old requests.
 */
interface FrequencySketch {
  add(key: string): void
  /** 0 to 15. */
  estimate(key: string): number
}

/** Counters per key, one in each row: with four, two keys rarely share all. */
const rows = 4

/** Counters per row and entry of capacity: most counted keys are not in the cache. */
const countersPerKey = 8

/** Maximum of a counter: admission only compares counters, and a low maximum forgets fast. */
const maxCount = 15

/** Requests per entry of capacity after which all counters are halved. */
const agePeriod = 20

const createFrequencySketch = (capacity: number): FrequencySketch => {
  const width = 2 ** Math.ceil(Math.log2(Math.max(16, capacity * countersPerKey)))
  const counts = new Uint8Array(rows * width)
  let additions = 0

  const halve = (): void => {
    for (let at = 0; at < counts.length; at += 1) counts[at] = (counts[at] ?? 0) >> 1
    additions >>= 1
  }

  const estimate = (hash: number): number => {
    let least = maxCount
    for (let row = 0; row < rows; row += 1) least = Math.min(least, counts[place(hash, row, width)] ?? 0)
    return least
  }

  return {
    add(key) {
      const hash = hashOf(key)
      const least = estimate(hash)
      if (least < maxCount) {
        // Raises only the smallest counters (conservative update): larger ones include other keys.
        for (let row = 0; row < rows; row += 1) {
          const at = place(hash, row, width)
          if (counts[at] === least) counts[at] = least + 1
        }
      }
      additions += 1
      if (additions >= agePeriod * Math.max(1, capacity)) halve()
    },
    estimate: (key) => estimate(hashOf(key)),
  }
}

/** 32-bit FNV-1a over UTF-16 code units. */
const hashOf = (key: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return hash
}

/** Unrelated odd multipliers, one per row. */
const multipliers = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]

const place = (hash: number, row: number, width: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 15), multipliers[row] ?? 1)
  mixed ^= mixed >>> 16
  return row * width + (mixed & (width - 1))
}
