import fc from 'fast-check'
import { expect, test } from 'vitest'
import { referenceTo } from './content-references.ts'

const roots = ['a', 'b', 'c', 'd']

test('content may be deleted exactly when no installed entry, own publication or running command refers to it', () => {
  const some = fc.array(fc.constantFrom(...roots), { maxLength: 5 })
  fc.assert(
    fc.property(fc.constantFrom(...roots), some, some, some, fc.boolean(), (root, installed, own, held, complete) => {
      const reason = referenceTo(root, {
        installed: installed.map((each) => ({ root: each })),
        published: { roots: new Set(own), complete },
        held: new Set(held),
      })
      // The naive model: counts every reference.
      const all = [...installed, ...own, ...held, ...(complete ? [] : roots)]
      expect(reason === undefined).toBe(all.filter((each) => each === root).length === 0)
    }),
    { seed: 5, numRuns: 500 },
  )
})
