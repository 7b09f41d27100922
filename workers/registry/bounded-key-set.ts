/**
 * Keeps the `limit` lowest of the keys it is given. What is kept depends on the keys only, not on their order of
 * arrival: so peers that bound the same records keep the same ones.
 */
export interface BoundedKeySet {
  /** `added` also names the key that had to go for it. */
  add(key: string): { outcome: 'added'; evicted?: string } | { outcome: 'known' } | { outcome: 'refused' }
  delete(key: string): void
  /** Tells whether `add` would take this key, changing nothing. */
  accepts(key: string): boolean
  /** Keys in memory, those included that are no longer in the set: at most three times the limit. */
  slots(): number
}

export const createBoundedKeySet = (limit: number): BoundedKeySet => {
  const keys = new Set<string>()
  // A max-heap, built when the limit is reached for the first time, which for honest publishers is never.
  let heap: string[] | undefined

  const highest = (): string | undefined => {
    heap ??= [...keys].sort().reverse()
    // Keys that were deleted stay in the heap until they come up.
    while (heap.length > 0 && !keys.has(heap[0] ?? '')) popHighest(heap)
    return heap[0]
  }

  return {
    add(key) {
      if (keys.has(key)) return { outcome: 'known' }
      if (keys.size < limit) {
        keys.add(key)
        // Too much of it is deleted: it is built anew when it is needed again.
        if (heap !== undefined && heap.length >= 2 * limit) heap = undefined
        if (heap !== undefined) pushKey(heap, key)
        return { outcome: 'added' }
      }
      const evicted = highest()
      if (evicted === undefined || key > evicted) return { outcome: 'refused' }
      keys.delete(evicted)
      keys.add(key)
      if (heap !== undefined) {
        popHighest(heap)
        pushKey(heap, key)
      }
      return { outcome: 'added', evicted }
    },
    delete(key) {
      keys.delete(key)
    },
    accepts: (key) => keys.has(key) || keys.size < limit || key < (highest() ?? ''),
    slots: () => keys.size + (heap?.length ?? 0),
  }
}

const pushKey = (heap: string[], key: string): void => {
  let at = heap.push(key) - 1
  while (at > 0) {
    const parent = (at - 1) >> 1
    if ((heap[parent] ?? '') >= key) break
    heap[at] = heap[parent] ?? ''
    at = parent
  }
  heap[at] = key
}

const popHighest = (heap: string[]): void => {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if ((heap[child + 1] ?? '') > (heap[child] ?? '')) child++
    if ((heap[child] ?? '') <= last) break
    heap[at] = heap[child] ?? ''
    at = child
  }
  heap[at] = last
}
