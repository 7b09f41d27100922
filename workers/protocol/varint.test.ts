import fc from 'fast-check'
import { encode } from 'uint8-varint'
import { expect, test } from 'vitest'
import { readVarint } from './varint.ts'

test('reads a varint and its end among any other bytes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.uint8Array({ maxLength: 9 }), (value, rest) => {
      const written = encode(value)
      const bytes = Uint8Array.from([...rest, ...written, ...rest])
      expect(readVarint(bytes, rest.length, 8)).toEqual({ value, end: rest.length + written.length })
      for (let length = 0; length < written.length; length += 1) {
        expect(readVarint(written.subarray(0, length), 0, 8)).toBe('more')
      }
    }),
    { seed: 4 },
  )
})

test('refuses an overlong or padded varint before all its bytes have arrived', () => {
  expect(readVarint(Uint8Array.of(0x80, 0x80, 0x80, 0x80), 0, 4)).toBeUndefined()
  expect(readVarint(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x00), 0, 4)).toBeUndefined()
  expect(readVarint(Uint8Array.of(0x80, 0x80, 0x80), 0, 4)).toBe('more')
  expect(readVarint(Uint8Array.of(0x80, 0x80, 0x80, 0x00), 0, 4)).toEqual({ value: 0, end: 4 })
})
