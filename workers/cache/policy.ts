/**
 * Admission and eviction policy of a bounded key set. Pure: holds keys, not values, and has no clock.
 *
 * The score of a key is its recent request rate: requests over time since first seen, both decaying exponentially, and
 * reduced once the key has been idle for several times its usual interval. A new key enters a small probation queue. It
 * is admitted to the main set when it is requested again, or when it was requested before and scores clearly higher than
 * the lowest of a random sample. Scans therefore pass through the queue, and a loop longer than the capacity keeps a part
 * of its keys. The history of evicted keys is kept for a while, so that returning keys are recognized.
 *
 * Compared with W-TinyLFU and S3-FIFO (bench/cache): better for static and drifting popularity and for loops, equal for
 * scans.
 *
 * Guarantees: at most `capacity` keys; constant time per operation; histories of at most
 * `(1 + pastOnce + pastOften) · capacity` keys; deterministic. Not guaranteed: that a key just added survives the next
 * addition.
 */
export interface Policy {
  readonly size: number
  has(key: string): boolean
  /** Records a request for `key`; returns whether it is held. */
  touch(key: string): boolean
  /** Adds a key; returns the key evicted for it, or undefined. */
  add(key: string): string | undefined
  /** Evicts and returns the key with the lowest score. */
  evict(): string | undefined
  /** Removes a key but keeps its history. */
  remove(key: string): boolean
}

// Tuned with bench/cache: 10,000 keys, capacity 1,000, static, drifting and scanned workloads.

/** Decay time constant (requests per capacity): longer suits static workloads, shorter suits drifting ones. */
const decay = 20

/** Assumed initial age of a key (requests per capacity): two quick requests are not yet a rate. */
const prior = 1

/** Idle intervals after which a key is probably obsolete (one in 150 intervals is longer by chance). */
const idleIntervals = 5

/** Sample size for eviction: with 32 the victim is in the lowest tenth in 97 of 100 cases. */
const sampleSize = 32

/** Factor by which a new key must outscore the victim: among equal keys, as in a loop, the held ones stay. */
const admissionMargin = 1.2

/** Share of the capacity reserved for the probation queue. */
const probationShare = 0.01

/** Histories of evicted keys seen once, and seen more often (capacities); separate, so that a scan spares the latter. */
const pastOnce = 6
const pastOften = 8

interface History {
  readonly key: string
  /** Decayed request count as of `at`. */
  count: number
  /** Decayed age as of `at`. */
  age: number
  at: number
  state: 'probation' | 'main' | 'past'
  /** Index in the main keys. */
  index: number
  often: boolean
}

export const createPolicy = (capacity: number): Policy => {
  const historyByKey = new Map<string, History>()
  const main: History[] = []
  const probation = new Map<string, History>()
  const once = new Map<string, History>()
  const often = new Map<string, History>()
  const decayTime = decay * capacity
  const probationSize = Math.max(1, Math.round(probationShare * capacity))
  const draw = createDraw()
  /** Counts requests for keys seen before, so that one-off keys do not age the others. */
  let time = 0

  const score = (history: History): number => {
    const idle = time - history.at
    const remaining = Math.exp(-idle / decayTime)
    const rate =
      (history.count * remaining) / (history.age * remaining + decayTime * (1 - remaining) + prior * capacity)
    const idleness = (history.count / (history.age + prior * capacity)) * (idle / idleIntervals)
    return rate / (1 + idleness ** 4)
  }

  const recordRequest = (history: History): void => {
    const remaining = Math.exp(-(time - history.at) / decayTime)
    history.count = history.count * remaining + 1
    history.age = history.age * remaining + decayTime * (1 - remaining)
    history.at = time
  }

  const moveToHistory = (history: History): void => {
    history.state = 'past'
    const past = history.often ? often : once
    past.set(history.key, history)
    if (past.size <= capacity * (history.often ? pastOften : pastOnce)) return
    const oldest = firstOf(past)
    if (oldest === undefined) return
    past.delete(oldest.key)
    historyByKey.delete(oldest.key)
  }

  const addToMain = (history: History): void => {
    history.state = 'main'
    history.index = main.length
    main.push(history)
  }

  const release = (history: History): void => {
    if (history.state === 'probation') probation.delete(history.key)
    if (history.state === 'main') {
      const last = main.pop()
      if (last !== undefined && last !== history) {
        main[history.index] = last
        last.index = history.index
      }
    }
    moveToHistory(history)
  }

  const findLowest = (): History | undefined => {
    let lowest: History | undefined
    let lowestScore = Number.POSITIVE_INFINITY
    for (let n = 0; n < Math.min(sampleSize, main.length); n += 1) {
      const history = main[draw(main.length)]
      const of = history === undefined ? lowestScore : score(history)
      if (of >= lowestScore) continue
      lowest = history
      lowestScore = of
    }
    return lowest ?? main[0]
  }

  /** Chooses the victim: the oldest key on probation, unless it is admitted to the main set. */
  const chooseVictim = (): History | undefined => {
    for (;;) {
      const candidate = probation.size > probationSize ? firstOf(probation) : undefined
      const hasRoom = main.length < capacity - probationSize
      const lowest = hasRoom && candidate !== undefined ? undefined : findLowest()
      if (candidate === undefined) return lowest ?? firstOf(probation)
      if (!candidate.often) return candidate
      if (lowest !== undefined && score(candidate) <= score(lowest) * admissionMargin) return candidate
      probation.delete(candidate.key)
      addToMain(candidate)
      if (lowest !== undefined) return lowest
    }
  }

  const evict = (): string | undefined => {
    const victim = chooseVictim()
    if (victim === undefined) return undefined
    release(victim)
    return victim.key
  }

  const createHistory = (key: string): History => {
    const history: History = { key, count: 1, age: 0, at: time, state: 'past', index: 0, often: false }
    historyByKey.set(key, history)
    moveToHistory(history)
    return history
  }

  return {
    get size() {
      return main.length + probation.size
    },
    has: (key) => isHeld(historyByKey.get(key)),

    touch(key) {
      const history = historyByKey.get(key)
      if (history === undefined) {
        createHistory(key)
        return false
      }
      time += 1
      recordRequest(history)
      if (history.state === 'probation') {
        probation.delete(key)
        addToMain(history)
      } else if (history.state === 'past' && !history.often) {
        once.delete(key)
        often.set(key, history)
      }
      history.often = true
      return isHeld(history)
    },

    add(key) {
      if (capacity < 1) return key
      const history = historyByKey.get(key) ?? createHistory(key)
      if (isHeld(history)) return undefined
      const past = history.often ? often : once
      past.delete(key)
      history.state = 'probation'
      probation.set(key, history)
      return main.length + probation.size > capacity ? evict() : undefined
    },

    evict,

    remove(key) {
      const history = historyByKey.get(key)
      if (history === undefined || !isHeld(history)) return false
      release(history)
      return true
    },
  }
}

const isHeld = (history: History | undefined): boolean => history !== undefined && history.state !== 'past'

const firstOf = (histories: Map<string, History>): History | undefined => histories.values().next().value

/** Deterministic pseudo-random numbers below `end` (linear congruential generator): evictions are reproducible. */
const createDraw = (): ((end: number) => number) => {
  let state = 1
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
}
