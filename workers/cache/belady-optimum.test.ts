import fc from 'fast-check'
import { expect, test } from 'vitest'
import { beladyHits } from './belady-optimum.ts'

/** Belady's optimum, as it is told: of those held and the newcomer, the one that is needed last goes. */
const plainHits = (keys: readonly string[], slots: number): boolean[] => {
  const held = new Set<string>()
  return keys.map((key, at) => {
    if (held.has(key)) return true
    held.add(key)
    if (held.size <= slots) return false
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

test('hits what the rule hits: of those held and the newcomer, the one that is needed last goes', () => {
  fc.assert(
    fc.property(requests, fc.integer({ min: 1, max: 8 }), (keys, slots) => {
      expect(Array.from(beladyHits(keys, slots), Boolean)).toEqual(plainHits(keys, slots))
    }),
    { seed: 4, numRuns: 1_000 },
  )
})
