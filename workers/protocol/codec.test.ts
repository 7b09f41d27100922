import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { sameBytes } from './bytes.ts'
import { findShapeFault } from './cbor-shape.ts'
import { createCodec } from './codec.ts'
import { RecordError } from './decoded.ts'
import { MAX_DEPTH } from './limits.ts'

interface Toy {
  readonly v: 2
  readonly n: number
  readonly s: string
  readonly o?: true
  readonly list: readonly unknown[]
}

const toy = createCodec<Toy>({
  name: 'toy',
  version: 2,
  maxBytes: 200,
  maxItems: 30,
  schema: v.strictObject({
    v: v.literal(2, 'another version is expected'),
    n: v.number('a number is expected'),
    s: v.string('a text is expected'),
    o: v.exactOptional(v.literal(true)),
    list: v.array(v.unknown()),
  }),
})

const value: Toy = { v: 2, n: 1, s: 'x', list: [] }

/** Encodes `value` with `fields` replaced, bypassing the schema. */
const raw = (fields: object): Uint8Array => dagCbor.encode({ ...value, ...fields })

/** A map with `v`, `n`, `s`, `list` and custom bytes for one value. */
const withList = (...bytes: number[]): Uint8Array =>
  Uint8Array.of(0xa4, 0x61, 0x6e, 1, 0x61, 0x73, 0x61, 0x78, 0x61, 0x76, 2, 0x64, 0x6c, 0x69, 0x73, 0x74, ...bytes)

describe('decode', () => {
  test('inverts encode', () => {
    expect(toy.decode(toy.encode(value))).toEqual({ ok: true, value })
    expect(sameBytes(withList(0x80), toy.encode(value))).toBe(true)
  })

  test('retains no view of its input', () => {
    const bytes = raw({ list: [Uint8Array.of(1, 2, 3)] })
    const read = toy.decode(bytes)
    bytes.fill(0)
    expect(read).toMatchObject({ ok: true, value: { list: [Uint8Array.of(1, 2, 3)] } })
  })

  test('describes the fault', () => {
    const message = (bytes: Uint8Array) => {
      const read = toy.decode(bytes)
      return read.ok ? '' : `${read.name}: ${read.message}`
    }
    expect(message(new Uint8Array(201))).toBe('RecordTooLarge: This toy has 201 bytes; at most 200 are allowed.')
    expect(message(raw({ v: 3 }))).toMatch(/^RecordUnsupported: This toy has version 3/)
    expect(message(raw({ v: 1 }))).toBe('RecordMalformed: This toy is not valid: v: another version is expected.')
    expect(message(raw({ n: 'x' }))).toBe('RecordMalformed: This toy is not valid: n: a number is expected.')
    expect(message(raw({ extra: 1 }))).toBe('RecordMalformed: This toy is not valid: extra: no such field is known.')
    expect(message(dagCbor.encode({ v: 2 }))).toBe('RecordMalformed: This toy is not valid: n: the field is missing.')
    expect(message(dagCbor.encode([]))).toBe('RecordMalformed: This toy is not valid: v: the field is missing.')
    expect(message(dagCbor.encode(1))).toBe('RecordMalformed: This toy is not valid: fields are expected.')
    expect(message(raw({ 'a\n\u202eb': 1 }))).toMatch(/: a b: no such field/)
  })

  test.each([
    ['nothing', []],
    ['trailing bytes', [...withList(0x80), 0]],
    ['a list that ends early', [...withList(0x82, 0)]],
    ['a list without end', [...withList(0x9f, 0xff)]],
    ['a list of 2^32 - 1', [...withList(0x9a, 255, 255, 255, 255)]],
    ['a list of 2^64 - 1', [...withList(0x9b, 255, 255, 255, 255, 255, 255, 255, 255)]],
    ['a text of 2^32 - 1', [...withList(0x81, 0x7a, 255, 255, 255, 255)]],
    ['a short float', [...withList(0x81, 0xf9, 0x3e, 0)]],
    ['a float of 32 bits', [...withList(0x81, 0xfa, 0x3f, 0xc0, 0, 0)]],
    ['half a float', [...withList(0x81, 0xfb, 0x3f, 0xf8)]],
    ['a whole number as a float', [...withList(0x81, 0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0)]],
    ['minus zero', [...withList(0x81, 0xfb, 0x80, 0, 0, 0, 0, 0, 0, 0)]],
    ['NaN', [...withList(0x81, 0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0)]],
    ['infinity', [...withList(0x81, 0xfb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0)]],
    ['a number under -2^53', [...withList(0x81, 0x3b, 0, 0x1f, 255, 255, 255, 255, 255, 255)]],
    ['a negative number in too many bytes', [...withList(0x81, 0x38, 1)]],
    ['undefined', [...withList(0x81, 0xf7)]],
    ['a simple value', [...withList(0x81, 0xf8, 0x40)]],
    ['a date', [...withList(0x81, 0xc1, 0)]],
    ['a number over 2^53', [...withList(0x81, 0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0)]],
    ['a number in too many bytes', [...withList(0x81, 0x18, 1)]],
    ['a length in too many bytes', [...withList(0x98, 0)]],
    ['text that is no UTF-8', [...withList(0x81, 0x61, 0xff)]],
    ['an encoded surrogate', [...withList(0x81, 0x63, 0xed, 0xa0, 0x80)]],
    ['a byte order mark that a decoder drops', [...withList(0x81, 0x63, 0xef, 0xbb, 0xbf)]],
    ['the same key twice', [...withList(0x81, 0xa2, 0x61, 0x61, 0, 0x61, 0x61, 0)]],
    ['keys out of order', [...withList(0x81, 0xa2, 0x61, 0x62, 0, 0x61, 0x61, 0)]],
    ['a key that is no text', [...withList(0x81, 0xa1, 0, 0)]],
    ['31 items', [...withList(0x96, ...new Array<number>(22).fill(0))]],
    ['deep nesting', [...withList(...new Array<number>(MAX_DEPTH).fill(0x81), 0)]],
  ])('refuses %s', (_, bytes) => {
    expect(toy.decode(Uint8Array.from(bytes))).toMatchObject({ ok: false, name: 'RecordMalformed' })
  })

  test('accepts fractions and negative numbers, which fields of later versions may contain', () => {
    for (const list of [
      [1.5, -1.5, 2 ** -1074, Number.MAX_VALUE],
      [-1, -24, -25, -1000, Number.MIN_SAFE_INTEGER],
    ])
      expect(toy.decode(raw({ list }))).toEqual({ ok: true, value: { ...value, list } })
  })

  test('accepts values at the limits', () => {
    expect(toy.decode(withList(0x95, ...new Array<number>(21).fill(0))).ok).toBe(true)
    expect(toy.decode(withList(...new Array<number>(MAX_DEPTH - 1).fill(0x81), 0)).ok).toBe(true)
  })

  test('refuses CIDs, which no record contains', () => {
    const cid = CID.parse('bafyreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')
    expect(toy.decode(raw({ list: [cid] })).ok).toBe(false)
  })

  test('a key __proto__ neither passes nor changes a prototype', () => {
    const read = toy.decode(
      dagCbor.encode(new Map<string, unknown>([...Object.entries(value), ['__proto__', { n: 9 }]])),
    )
    expect(read).toMatchObject({ ok: false, name: 'RecordMalformed' })
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('n')
    // Inherited property names do not count as schema fields either.
    expect(toy.decode(raw({ constructor: 1 })).ok).toBe(false)
    expect(toy.decode(raw({ toString: 1 })).ok).toBe(false)
  })

  test('a megabyte of nested lists does not overflow the stack', () => {
    expect(findShapeFault(new Uint8Array(1 << 20).fill(0x81), 1 << 21)).toBe('it is nested too deeply')
  })
})

describe('findShapeFault finds without decoding', () => {
  test.each([
    ['it is shorter than it says', [0x9a, 255, 255, 255, 255]],
    ['it is shorter than it says', [0x5b, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['it is shorter than it says', [0x63, 0x61]],
    ['it holds a number that is too large', [0xbb, 255, 255, 255, 255, 255, 255, 255, 255]],
    ['it holds a number that is too large', [0x1b, 0, 0x20, 0, 0, 0, 0, 0, 0]],
    ['it holds something without a length', [0x9f, 0xff]],
    ['it holds a type that no record has', [0xf9, 0x7e, 0]],
    ['it holds a type that no record has', [0xf7]],
    ['it holds a type that no record has', [0xd8, 0x2a, 0x40]],
    ['it holds a type that no record has', [0xfa, 0, 0, 0, 0]],
    ['it holds a number that is too large', [0x3b, 0, 0x1f, 255, 255, 255, 255, 255, 255]],
    ['it ends too early', [0xfb, 0, 0, 0]],
    [undefined, [0x82, 0x20, 0xfb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]],
    ['it ends too early', []],
    ['it ends too early', [0x82, 0x61, 0x61]],
    ['it ends too early', [0x1a, 0]],
    ['something follows its end', [0, 0]],
    [undefined, [0x83, 0x1b, 0, 0x1f, 255, 255, 255, 255, 255, 255, 0x41, 0, 0xa1, 0x60, 0xf6]],
  ])('%s', (fault, bytes) => {
    expect(findShapeFault(Uint8Array.from(bytes), 100)).toBe(fault)
  })
})

describe('encode', () => {
  test('refuses what decode would refuse', () => {
    const encode = (fields: object) => () => toy.encode({ ...value, ...fields })
    expect(encode({ n: '1' })).toThrow(RecordError)
    expect(encode({ extra: 1 })).toThrow('This toy is not valid: extra: no such field is known.')
    expect(encode({ s: 'x'.repeat(300) })).toThrow(expect.objectContaining({ name: 'RecordTooLarge' }))
  })

  test.each([
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['depth', [[[[[[[[1]]]]]]]]],
  ])('refuses %s where the schema allows any value', (_, odd) => {
    expect(() => toy.encode({ ...value, list: [odd] })).toThrow(expect.objectContaining({ name: 'RecordMalformed' }))
  })

  test('returns its own buffer, not a view of a shared one', () => {
    for (const size of [1, 50, 100, 150]) {
      const bytes = toy.encode({ ...value, s: 'x'.repeat(size) })
      expect(bytes.buffer.byteLength).toBe(bytes.byteLength)
      expect(bytes.constructor).toBe(Uint8Array)
    }
  })
})
