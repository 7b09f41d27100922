/**
 * Which requests the best possible policy would answer: Belady's, which knows the future, drops the key that is needed
 * last and may pass a newcomer by. In time `n log n` for a trace of `n` requests.
 *
 * @param slots how many keys fit.
 * @returns 1 for each request that is a hit, else 0.
 */
export const beladyHits = (keys: readonly string[], slots: number): Uint8Array => {
  const next = nextUses(keys)
  const hits = new Uint8Array(keys.length)
  /** Which requests find their key held. */
  const held = new Uint8Array(keys.length)
  // Requests of the past stay in it: they sort below every held one, so they are never the latest.
  const latest = createMaxHeap()
  let count = 0
  for (let at = 0; at < keys.length; at += 1) {
    if (held[at] === 1) {
      hits[at] = 1
      count -= 1
    }
    const use = next[at] ?? never
    // A key that is never asked for again is not worth a slot.
    if (use === never) continue
    held[use] = 1
    latest.push(use)
    count += 1
    if (count <= slots) continue
    held[latest.pop()] = 0
    count -= 1
  }
  return hits
}

const never = -1

/** For each request the next one for its key, or `never`. */
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
  /** The largest; it must not be empty. */
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
