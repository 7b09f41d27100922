/**
 * How often keys were asked for lately, in little memory: a count-min sketch (Cormode and Muthukrishnan, 2005) whose
 * counters are halved now and then. It may say too much, when keys share counters, and forgets what is long ago.
 */
export interface FrequencySketch {
  add(key: string): void
  /** 0 to 15. */
  estimate(key: string): number
}

/** Counters a key, one in each row: with four, two keys rarely share all. */
const rows = 4

/** Counters of one row for each key of the capacity: most keys that are counted are not held. */
const countersPerKey = 8

/** More than this is popular enough: the admission only compares, and a low ceiling forgets fast. */
const maxCount = 15

/** All counters are halved after this many requests for each key of the capacity. */
const agePeriod = 10

export const createFrequencySketch = (capacity: number): FrequencySketch => {
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
        // Only the smallest are raised (conservative update): the others are that large because of other keys.
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

/** FNV-1a over UTF-16 code units, 32 bits. */
const hashOf = (key: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return hash
}

/** Odd multipliers without a pattern in common, one a row. */
const multipliers = [0x9e3779b1, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]

const place = (hash: number, row: number, width: number): number => {
  let mixed = Math.imul(hash ^ (hash >>> 15), multipliers[row] ?? 1)
  mixed ^= mixed >>> 16
  return row * width + (mixed & (width - 1))
}
