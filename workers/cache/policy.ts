/**
 * Which keys of a bounded set are worth their place. Pure: it holds keys, never values, and has no clock.
 *
 * A key's worth is the rate at which it was asked for lately: its requests, and the time since it was first seen, both
 * fading with age; and it is thought to be over once it was silent for several times its usual pause. A new key enters
 * a small queue. It stays beyond that when it is asked for again, or was before and is worth clearly more than the one
 * of least worth among a few drawn at random; so a scan passes through, and a loop that is too long keeps a part. The
 * history of keys that had to go is kept for a while, so that what comes back is known.
 *
 * Against W-TinyLFU and S3-FIFO in the same run (bench/cache): better under static and drifting popularity and in loops,
 * alike with scans.
 *
 * Guarantees: never more than `capacity` keys; constant time for every operation; histories of at most
 * `(1 + pastOnce + pastOften) · capacity` keys. The same calls give the same results. Not guaranteed: that a key just
 * added is still there after the next one.
 */
export interface Policy {
  readonly size: number
  has(key: string): boolean
  /** Notes that `key` was asked for; true when it is held. */
  touch(key: string): boolean
  /** Takes in a key; returns the key that has to go for it, or undefined. */
  add(key: string): string | undefined
  /** Makes room: returns the key that is worth least, which is then no longer held. */
  evict(): string | undefined
  /** The key is no longer held; that it was asked for stays known. */
  remove(key: string): boolean
}

// The figures below were found with bench/cache: 10,000 keys, 1,000 slots, static, drifting and scanned.

/** A request fades to a third after this many more, in capacities: longer is better when static, shorter when drifting. */
const memory = 20

/** A key is taken to be known for this long at first, in capacities: two quick requests are not yet a rate. */
const prior = 1

/** A key that is silent for this many of its usual pauses is probably over (one in 150 pauses is longer by chance). */
const pauses = 5

/** Keys looked at to find one of little worth: with 32 it is among the worst tenth in 97 of 100 cases. */
const sampleSize = 32

/** How much more a key must be worth to take another's place: where all are alike, as in a loop, those held stay. */
const admissionMargin = 1.2

/** Share of the capacity that is kept for new keys; more of it is lost to the others. */
const newShare = 0.01

/** Histories kept of keys not held, in capacities: seen once, and seen more often; apart, so that a scan spares these. */
const pastOnce = 6
const pastOften = 8

interface History {
  readonly key: string
  /** Requests, faded, as of `at`. */
  count: number
  /** Time known, faded, as of `at`. */
  known: number
  at: number
  place: 'new' | 'main' | 'past'
  /** Place among the main keys. */
  index: number
  often: boolean
}

export const createPolicy = (capacity: number): Policy => {
  const historyByKey = new Map<string, History>()
  const main: History[] = []
  const fresh = new Map<string, History>()
  const once = new Map<string, History>()
  const often = new Map<string, History>()
  const fadeTime = memory * capacity
  const newRoom = Math.max(1, Math.round(newShare * capacity))
  const draw = createDraw()
  /** Counts requests for keys that are known: what passes by once does not make the others older. */
  let time = 0

  const worth = (history: History): number => {
    const idle = time - history.at
    const left = Math.exp(-idle / fadeTime)
    const rate = (history.count * left) / (history.known * left + fadeTime * (1 - left) + prior * capacity)
    const silence = (history.count / (history.known + prior * capacity)) * (idle / pauses)
    return rate / (1 + silence ** 4)
  }

  const ask = (history: History): void => {
    const left = Math.exp(-(time - history.at) / fadeTime)
    history.count = history.count * left + 1
    history.known = history.known * left + fadeTime * (1 - left)
    history.at = time
  }

  const bury = (history: History): void => {
    history.place = 'past'
    const past = history.often ? often : once
    past.set(history.key, history)
    if (past.size <= capacity * (history.often ? pastOften : pastOnce)) return
    const oldest = firstOf(past)
    if (oldest === undefined) return
    past.delete(oldest.key)
    historyByKey.delete(oldest.key)
  }

  const enterMain = (history: History): void => {
    history.place = 'main'
    history.index = main.length
    main.push(history)
  }

  const release = (history: History): void => {
    if (history.place === 'new') fresh.delete(history.key)
    if (history.place === 'main') {
      const last = main.pop()
      if (last !== undefined && last !== history) {
        main[history.index] = last
        last.index = history.index
      }
    }
    bury(history)
  }

  const leastWorth = (): History | undefined => {
    let least: History | undefined
    let leastWorth = Number.POSITIVE_INFINITY
    for (let n = 0; n < Math.min(sampleSize, main.length); n += 1) {
      const history = main[draw(main.length)]
      const of = history === undefined ? leastWorth : worth(history)
      if (of >= leastWorth) continue
      least = history
      leastWorth = of
    }
    return least ?? main[0]
  }

  /** The oldest new key goes, unless it was asked for before, and there is room or clearly more demand than for another. */
  const choose = (): History | undefined => {
    for (;;) {
      const newest = fresh.size > newRoom ? firstOf(fresh) : undefined
      const isRoom = main.length < capacity - newRoom
      const least = isRoom && newest !== undefined ? undefined : leastWorth()
      if (newest === undefined) return least ?? firstOf(fresh)
      if (!newest.often) return newest
      if (least !== undefined && worth(newest) <= worth(least) * admissionMargin) return newest
      fresh.delete(newest.key)
      enterMain(newest)
      if (least !== undefined) return least
    }
  }

  const evict = (): string | undefined => {
    const gone = choose()
    if (gone === undefined) return undefined
    release(gone)
    return gone.key
  }

  const meet = (key: string): History => {
    const history: History = { key, count: 1, known: 0, at: time, place: 'past', index: 0, often: false }
    historyByKey.set(key, history)
    bury(history)
    return history
  }

  return {
    get size() {
      return main.length + fresh.size
    },
    has: (key) => isHeld(historyByKey.get(key)),

    touch(key) {
      const history = historyByKey.get(key)
      if (history === undefined) {
        meet(key)
        return false
      }
      time += 1
      ask(history)
      if (history.place === 'new') {
        fresh.delete(key)
        enterMain(history)
      } else if (history.place === 'past' && !history.often) {
        once.delete(key)
        often.set(key, history)
      }
      history.often = true
      return isHeld(history)
    },

    add(key) {
      if (capacity < 1) return key
      const history = historyByKey.get(key) ?? meet(key)
      if (isHeld(history)) return undefined
      const past = history.often ? often : once
      past.delete(key)
      history.place = 'new'
      fresh.set(key, history)
      return main.length + fresh.size > capacity ? evict() : undefined
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

const isHeld = (history: History | undefined): boolean => history !== undefined && history.place !== 'past'

const firstOf = (histories: Map<string, History>): History | undefined => histories.values().next().value

/** Numbers below `end`, always the same ones (a linear congruential generator): evictions can be repeated. */
const createDraw = (): ((end: number) => number) => {
  let state = 1
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
}
