import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asciiToBytes, bytesToAscii, countCharacters, isLine, toLine, utf8Length } from './text.ts'

describe('isLine', () => {
  test.each(['', 'a', 'Zoë 😀', '日本語', 'नमस्ते', 'a\u200db', 'a  b'])('accepts %j', (text) => {
    expect(isLine(text, 20)).toBe(true)
  })

  test.each([
    ['a line break', 'a\nb'],
    ['a NUL', 'a\0b'],
    ['a C1 control', 'a\u0085b'],
    ['a DEL', 'a\u007fb'],
    ['a line separator', 'a\u2028b'],
    ['an override of direction', 'a\u202eb'],
    ['an isolate', 'a\u2066b'],
    ['a mark of direction', 'a\u200fb'],
    ['a zero-width space', 'a\u200bb'],
    ['a soft hyphen', 'a\u00adb'],
    ['a byte order mark', '\ufeffab'],
    ['a lone surrogate', 'a\ud800b'],
    ['the replacement character', 'a\ufffdb'],
    ['decomposed text', 'e\u0301'],
    ['space before', ' a'],
    ['space after', 'a '],
    ['another space after', 'a\u00a0'],
  ])('refuses %s', (_, text) => {
    expect(isLine(text, 20)).toBe(false)
  })

  test('counts characters, not UTF-16 units', () => {
    expect(isLine('😀'.repeat(20), 20)).toBe(true)
    expect(isLine('😀'.repeat(21), 20)).toBe(false)
    expect(isLine('a'.repeat(21), 20)).toBe(false)
  })
})

describe('toLine', () => {
  test('joins lines and truncates between characters', () => {
    expect(toLine('  a\r\n\tb\u202e  c ', 20)).toBe('a b c')
    expect(toLine('a😀😀', 2)).toBe('a😀')
    expect(toLine('abc def', 4)).toBe('abc')
    expect(toLine('a\ud800b', 5)).toBe('a b')
  })

  test('always returns a line, and does not change a line', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.string())
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 30 }), (input, max) => {
        const line = toLine(input, max)
        expect(isLine(line, max)).toBe(true)
        if (isLine(input, max)) expect(line.replace(/\s+/gu, ' ')).toBe(input.replace(/\s+/gu, ' '))
      }),
      { seed: 11, numRuns: 3000 },
    )
  })
})

test('lengths agree with TextEncoder and the string iterator', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(utf8Length(text)).toBe(Buffer.from(text).length)
      expect(countCharacters(text)).toBe([...text].length)
    }),
    { seed: 12, numRuns: 1000 },
  )
})

test('ASCII round-trips, and other characters are refused or replaced', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      expect(asciiToBytes(text)).toEqual(new Uint8Array(Buffer.from(text)))
      expect(bytesToAscii(asciiToBytes(text))).toBe(text)
    }),
    { seed: 13 },
  )
  expect(() => asciiToBytes('é')).toThrow(RangeError)
  expect(bytesToAscii(Uint8Array.of(0x61, 0xe9, 0x80))).toBe('a\ufffd\ufffd')
})
