/**
 * Keeps the `limit` lowest keys. The result depends only on the keys, not on the order of arrival, so peers that bound
 * the same records keep the same ones.
 */
export interface BoundedKeySet {
  /** `added` may name the key evicted for it. */
  add(key: string): { outcome: 'added'; evicted?: string } | { outcome: 'present' } | { outcome: 'refused' }
  delete(key: string): void
  /** Returns whether `add` would accept this key. Changes nothing. */
  accepts(key: string): boolean
  /** Number of keys in memory, including deleted ones: at most three times the limit. */
  allocated(): number
}

export const createBoundedKeySet = (limit: number): BoundedKeySet => {
  const keys = new Set<string>()
  // A max-heap, built when the limit is first reached, which honest publishers never do.
  let heap: string[] | undefined

  const highest = (): string | undefined => {
    heap ??= [...keys].sort().reverse()
    // Deleted keys stay in the heap until they reach its top.
    while (heap.length > 0 && !keys.has(heap[0] ?? '')) popHighest(heap)
    return heap[0]
  }

  return {
    add(key) {
      if (keys.has(key)) return { outcome: 'present' }
      if (keys.size < limit) {
        keys.add(key)
        // With too many deleted keys, rebuild it when it is needed again.
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
    allocated: () => keys.size + (heap?.length ?? 0),
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
