import { createFrequencySketch } from './frequency-sketch.ts'

/**
 * Which keys of a bounded set are worth their place: W-TinyLFU (Einziger, Friedman and Manes, 2017). Pure: it holds
 * keys, never values, and has no clock.
 *
 * A new key enters a small window, ordered by recency. What the window has no room for stays only when it was asked for
 * more often lately than the key it would replace, so that a scan passes through the window and leaves the rest as it
 * was. The rest is a segmented LRU: a key that is asked for again moves from probation to the protected part. The size
 * of the window follows the hit rate, because recency is worth more where popularity drifts.
 *
 * Guarantees: never more than `capacity` keys; every operation takes constant time, amortised. Not guaranteed: that a
 * key just added is still there after the next one.
 */
export interface Policy {
  readonly size: number
  has(key: string): boolean
  /** Notes that `key` was asked for; true when it is held. */
  touch(key: string): boolean
  /** Takes in a key; returns the key that has to go for it, which may be the same one, or undefined. */
  add(key: string): string | undefined
  /** Makes room: returns the key that is worth least, which is then no longer held. */
  evict(): string | undefined
  remove(key: string): boolean
  clear(): void
}

/** Share of the capacity that the window has at first, and at least (Caffeine's choice, made for static popularity). */
const firstWindowShare = 0.01

/** Most of the capacity that the window may take: the rest must still tell a scan from what is used. */
const maxWindowShare = 0.8

/** Share of the main part that is protected (segmented LRU; Caffeine's choice). */
const protectedShare = 0.8

/** Requests between two looks at the hit rate, in capacities: short enough to follow a drift, long enough to see past chance. */
const climbPeriod = 10

/** First step of the window's size, as a share of the capacity, and what remains of it after each step. */
const firstStepShare = 0.0625
const stepDecay = 0.98

/** A change of the hit rate of this much means another load: the steps start at full size again. */
const restartChange = 0.05

export const createPolicy = (capacity: number): Policy => {
  const sketch = createFrequencySketch(capacity)
  const minWindow = Math.max(1, Math.round(capacity * firstWindowShare))
  const maxWindow = Math.max(minWindow, Math.floor(capacity * maxWindowShare))
  // A map's order is the order of recency: the first key was used longest ago.
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

  /** Follows the slope of the hit rate: on while it rises, back when it falls. */
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

  /** The key of the main part that goes next. */
  const victim = (): string | undefined => oldest(probation) ?? oldest(guarded)

  const remove = (key: string): boolean => fresh.delete(key) || probation.delete(key) || guarded.delete(key)

  return {
    get size() {
      return size()
    },
    has: (key) => fresh.has(key) || probation.has(key) || guarded.has(key),

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

    evict() {
      const gone = victim() ?? oldest(fresh)
      if (gone !== undefined) remove(gone)
      return gone
    },

    remove,

    clear() {
      fresh.clear()
      probation.clear()
      guarded.clear()
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
