import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beladyHits } from './belady-optimum.ts'

/** Reference model of Belady's optimum: evicts the cached or new key that is needed last. */
const referenceHits = (keys: readonly string[], capacity: number): boolean[] => {
  const held = new Set<string>()
  return keys.map((key, at) => {
    if (held.has(key)) return true
    held.add(key)
    if (held.size <= capacity) return false
    const nextUse = (of: string): number => {
      const next = keys.indexOf(of, at + 1)
      return next === -1 ? Number.POSITIVE_INFINITY : next
    }
    const [last] = [...held].sort((a, b) => nextUse(b) - nextUse(a))
    if (last !== undefined) held.delete(last)
    return false
  })
}

const requests = fc.array(fc.integer({ min: 0, max: 12 }).map(String), { maxLength: 120 })

test("matches the reference model of Belady's optimum", () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 8 }), (keys, capacity) => {
      expect(Array.from(beladyHits(keys, capacity), Boolean)).toEqual(referenceHits(keys, capacity))
    }),
    { seed: 4, numRuns: 1_000 },
  )
})
