import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterPrefix } from './key-range.ts'

test('the range from a prefix to afterPrefix contains exactly the keys with that prefix', () => {
  const unit = fc.constantFrom('a', 'b', '/', '\u0000', '\ud83d', '\udfff', '\ufffe', '\uffff')
  const text = fc.string({ unit, maxLength: 4 })
  fc.assert(
    fc.property(text, text, (prefix, key) => {
      const end = afterPrefix(prefix)
      expect(key >= prefix && (end === undefined || key < end)).toBe(key.startsWith(prefix))
    }),
    { seed: 2, numRuns: 5_000 },
  )
})
