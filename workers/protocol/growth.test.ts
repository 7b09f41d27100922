import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forEachSample } from '../testing/arbitraries.ts'

/** These formats are not covered by a signature, so they are closed. */
const closed = ['identityChain', 'envelope']

const leaf = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Number.isInteger(number)),
  fc.string({ maxLength: 20 }),
  fc.uint8Array({ maxLength: 20 }),
  fc.boolean(),
  fc.constant(null),
)

/** Inherited property names are valid field names. */
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

describe('a field of a later version with any name and value is kept unchanged:', () => {
  forEachSample(({ format, codec, arbitrary }) => {
    if (closed.includes(format)) return
    test(format, () => {
      // Optional fields of this version must have their form.
      const optionalFields = ['id', 'closure', 'ecosystem', 'piece', 'yanked']
      const later = fc.array(
        fc.tuple(
          name.filter((each) => !optionalFields.includes(each)),
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
