import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assignSlots } from './slots.ts'
import { stack } from './stack.ts'

test('series stand on each other; a missing value counts as none, a row without any is a gap', () => {
  expect(
    stack([
      [1, null, null],
      [2, 3, null],
    ]),
  ).toEqual([
    [1, 0, null],
    [3, 3, null],
  ])
  expect(stack([])).toEqual([])
})

test('names keep their places while they are shown, and as many as possible are shown', () => {
  const names = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 6 })
  fc.assert(
    fc.property(fc.array(names, { maxLength: 8 }), (rounds) => {
      let slots: (string | undefined)[] = new Array(4).fill(undefined)
      for (const wanted of rounds) {
        const next = assignSlots(slots, wanted)
        for (const [at, name] of slots.entries())
          if (name !== undefined && wanted.includes(name)) expect(next[at]).toBe(name)
        const shown = next.filter((name) => name !== undefined)
        expect(new Set(shown).size).toBe(shown.length)
        expect(shown).toHaveLength(Math.min(4, wanted.length))
        for (const name of shown) expect(wanted).toContain(name)
        slots = next
      }
    }),
  )
})
