import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMemoryTier } from './memory-tier.ts'

const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

test('byte counts match the entries and stay within the limits', () => {
  const step = fc.record({
    do: fc.constantFrom('put' as const, 'get' as const, 'touch' as const, 'remove' as const, 'wait' as const),
    key: fc.constantFrom(...keys),
    bytes: fc.nat(60),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      let time = 0
      const gone: string[] = []
      const options = { entries: 4, ttlMs: 50, ageMs: 80, maxBytes: 100, now: () => time }
      const tier = createMemoryTier<number>({ ...options, onEvicted: (key) => void gone.push(key) })
      /** Entries put and neither removed nor reported as evicted since. */
      const twin = new Map<string, number>()
      for (const { do: action, key, bytes } of steps) {
        if (action === 'put') {
          twin.set(key, bytes)
          tier.put(key, { value: bytes, at: time, bytes })
        } else if (action === 'get') tier.get(key)
        else if (action === 'touch') tier.touch(key)
        else if (action === 'remove') {
          twin.delete(key)
          tier.remove(key)
        } else time += bytes
        for (const each of gone.splice(0)) twin.delete(each)
        const { entries, bytes: told } = tier.stats()
        expect(told).toBe([...twin.values()].reduce((sum, each) => sum + each, 0))
        expect(entries).toBe(twin.size)
        expect(entries).toBeLessThanOrEqual(4)
        expect(told).toBeLessThanOrEqual(100)
      }
    }),
    { seed: 31, numRuns: 500 },
  )
})
