/**
 * Hits of the optimal policy (Belady): it knows the future, evicts the key that is needed last and may bypass a new key.
 * Takes `O(n log n)` for `n` requests.
 *
 * @param capacity number of keys that fit.
 * @returns 1 for each hit, 0 for each miss.
 */
export const beladyHits = (keys: readonly string[], capacity: number): Uint8Array => {
  const next = nextUses(keys)
  const hits = new Uint8Array(keys.length)
  /** Requests that will find their key cached. */
  const cached = new Uint8Array(keys.length)
  // Past requests stay in the heap: they sort below all cached ones and are never the latest.
  const latest = createMaxHeap()
  let count = 0
  for (let at = 0; at < keys.length; at += 1) {
    if (cached[at] === 1) {
      hits[at] = 1
      count -= 1
    }
    const use = next[at] ?? never
    // Does not cache a key that is never requested again.
    if (use === never) continue
    cached[use] = 1
    latest.push(use)
    count += 1
    if (count <= capacity) continue
    cached[latest.pop()] = 0
    count -= 1
  }
  return hits
}

const never = -1

/** Index of the next request for the same key, or `never`. */
const nextUses = (keys: readonly string[]): Int32Array => {
  const next = new Int32Array(keys.length)
  const nextByKey = new Map<string, number>()
  for (let at = keys.length - 1; at >= 0; at -= 1) {
    const key = keys[at] ?? ''
    next[at] = nextByKey.get(key) ?? never
    nextByKey.set(key, at)
  }
  return next
}

interface MaxHeap {
  push(value: number): void
  /** Removes the largest value; the heap must not be empty. */
  pop(): number
}

const createMaxHeap = (): MaxHeap => {
  const values: number[] = []
  const valueAt = (at: number): number => values[at] ?? never

  return {
    push(value) {
      let at = values.length
      for (; at > 0; at = (at - 1) >> 1) {
        const above = valueAt((at - 1) >> 1)
        if (above >= value) break
        values[at] = above
      }
      values[at] = value
    },
    pop() {
      const largest = valueAt(0)
      const last = values.pop() ?? never
      if (values.length === 0) return largest
      let at = 0
      for (;;) {
        const left = 2 * at + 1
        const below = valueAt(left + 1) > valueAt(left) ? left + 1 : left
        if (valueAt(below) <= last) break
        values[at] = valueAt(below)
        at = below
      }
      values[at] = last
      return largest
    },
  }
}
