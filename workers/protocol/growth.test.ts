import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forEachSample } from '../testing/arbitraries.ts'

/** Nothing signs what stands in these, so they take no other fields. */
const closed = ['identityChain', 'envelope']

const leaf = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
  fc.string({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }),
  fc.boolean(),
  fc.constant(null),
)

/** Those that every object inherits are names like any others. */
const name = fc.oneof(
  fc.string({ maxLength: 20, unit: 'grapheme' }),
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'length', '', '0'),
)

const map = <T>(field: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(name, field), { maxLength: 3 }).map((fields) => withFields({}, fields))

const field = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), map(leaf), map(map(leaf)))

const withFields = (value: object, fields: readonly (readonly [string, unknown])[]): object => {
  const extended = { ...value }
  for (const [key, given] of fields)
    if (!Object.hasOwn(extended, key))
      Object.defineProperty(extended, key, { value: given, enumerable: true, configurable: true, writable: true })
  return extended
}

describe('a field of a later version, whatever its name and value, is kept as it is:', () => {
  forEachSample(({ format, codec, arbitrary }) => {
    if (closed.includes(format)) return
    test(format, () => {
      // Names that a later reader of this version gives a meaning already would have to be of its form.
      const known = ['id', 'closure', 'ecosystem', 'piece', 'yanked']
      const later = fc.array(
        fc.tuple(
          name.filter((each) => !known.includes(each)),
          field,
        ),
        { minLength: 1, maxLength: 3 },
      )
      fc.assert(
        fc.property(arbitrary, later, (value, fields) => {
          const bytes = new Uint8Array(dagCbor.encode(withFields(Object(value), fields)))
          fc.pre(bytes.length <= codec.maxBytes)
          const read = codec.decode(bytes)
          expect(read).toMatchObject({ ok: true })
          if (!read.ok) return
          expect(codec.encode(read.value)).toEqual(bytes)
          expect(Object.getPrototypeOf(read.value)).toBe(Object.prototype)
        }),
        { seed: 71, numRuns: 150 },
      )
    })
  })
})
