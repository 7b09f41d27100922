import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBoundedKeySet } from './bounded-key-set.ts'

test('keeps the lowest keys in any order of arrival, also after deletions', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.constantFrom(...'abcdefghij')), { maxLength: 60 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 6 }), (given, limit) => {
      const keys = createBoundedKeySet(limit)
      let naive: string[] = []
      for (const [isDelete, key] of given) {
        if (isDelete) {
          keys.delete(key)
          naive = naive.filter((each) => each !== key)
          continue
        }
        const before = naive
        const after = [...new Set([...before, key])].sort()
        const evicted = after.length > limit ? after.pop() : undefined
        const expected = before.includes(key)
          ? { outcome: 'present' }
          : evicted === key
            ? { outcome: 'refused' }
            : { outcome: 'added', ...(evicted === undefined ? {} : { evicted }) }
        expect(keys.add(key)).toEqual(expected)
        naive = after
      }
    }),
    { seed: 2, numRuns: 1000 },
  )
})
