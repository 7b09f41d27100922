import type { Policy } from '../../workers/cache/policy.ts'

/** Eviction policies for comparison. */
export type EvictionPolicy = Pick<Policy, 'touch' | 'add'>

export const createLru = (capacity: number): EvictionPolicy => {
  const held = new Map<string, true>()
  return {
    touch(key) {
      if (!held.delete(key)) return false
      held.set(key, true)
      return true
    },
    add(key) {
      held.set(key, true)
      if (held.size <= capacity) return undefined
      const [gone] = held.keys()
      if (gone !== undefined) held.delete(gone)
      return gone
    },
  }
}

/** Share of the small queue in the capacity (Yang et al., “FIFO queues are all you need for cache eviction”, 2023). */
const smallShare = 0.1
const maxUses = 3

/** S3-FIFO: a small queue for new entries, a main queue for entries requested again, and a ghost queue of keys. */
export const createS3Fifo = (capacity: number): EvictionPolicy => {
  const small = new Map<string, number>()
  const main = new Map<string, number>()
  const ghost = new Map<string, true>()
  const smallRoom = Math.max(1, Math.round(capacity * smallShare))

  const evictMain = (): string | undefined => {
    for (;;) {
      const [first] = main
      if (first === undefined) return undefined
      const [key, uses] = first
      main.delete(key)
      if (uses === 0) return key
      main.set(key, uses - 1)
    }
  }
  const evictSmall = (): string | undefined => {
    for (const [key, uses] of small) {
      small.delete(key)
      if (uses > 1) {
        main.set(key, 0)
        if (main.size > capacity - smallRoom) return evictMain()
        continue
      }
      ghost.set(key, true)
      if (ghost.size > capacity - smallRoom) {
        const [oldest] = ghost.keys()
        if (oldest !== undefined) ghost.delete(oldest)
      }
      return key
    }
    return undefined
  }

  return {
    touch(key) {
      for (const queue of [small, main]) {
        const uses = queue.get(key)
        if (uses === undefined) continue
        // Setting an existing key keeps its position.
        queue.set(key, Math.min(maxUses, uses + 1))
        return true
      }
      return false
    },
    add(key) {
      let gone: string | undefined
      if (small.size + main.size >= capacity) {
        gone = (small.size >= smallRoom ? evictSmall() : evictMain()) ?? evictMain() ?? evictSmall()
      }
      if (ghost.delete(key)) main.set(key, 0)
      else small.set(key, 0)
      return gone
    },
  }
}

/** Share of hits after the first `warmUp` requests. */
export const hitRateOf = (policy: EvictionPolicy, trace: readonly string[], warmUp: number): number => {
  let hits = 0
  for (const [at, key] of trace.entries()) {
    if (policy.touch(key)) {
      if (at >= warmUp) hits += 1
    } else {
      policy.add(key)
    }
  }
  return hits / (trace.length - warmUp)
}
