import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findJsonError } from './json-error.ts'
import { positionAt } from './positions.ts'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('findJsonError', () => {
  test.each([
    ['{"name": "a",\n "version" "1.0.0"}', 2, 12],
    ['{"name": "a",\n}', 2, 1],
    ['[1, 2,]', 1, 7],
    ['{\n  // comment\n}', 2, 3],
    ["{'a': 1}", 1, 2],
    ['{"a": tru}', 1, 7],
    ['{"a": 01}', 1, 7],
    ['{"a": "open\n}', 1, 12],
    ['{"a": "\\x"}', 1, 8],
    ['{"a": 1} x', 1, 10],
    ['{"a": [1, 2}', 1, 12],
    ['{"a": "never closed', 1, 7],
    ['', 1, 1],
  ])('%j breaks in line %i, column %i', (text, line, column) => {
    const error = findJsonError(text)
    expect(error && positionAt(text, error.offset)).toEqual({ line, column })
  })

  test('finds an error exactly where JSON.parse does not parse', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"\\u00e9"',
      '"',
      '\\',
      '1',
      '-0.5e3',
      'true',
      'nul',
      ' ',
      '\n',
      '\u2028',
      '\u007f',
      'x',
    )
    const mutated = fc.tuple(fc.json(), fc.nat(), pieces).map(([text, at, piece]) => {
      const offset = at % (text.length + 1)
      return text.slice(0, offset) + piece + text.slice(offset + 1)
    })
    const texts = fc.oneof(
      fc.json(),
      mutated,
      fc.array(pieces, { maxLength: 12 }).map((list) => list.join('')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(findJsonError(text) === undefined).toBe(isJson(text))
      }),
      { seed: 20261002, numRuns: 3000 },
    )
  })

  test('takes a hundred thousand levels', () => {
    expect(findJsonError('['.repeat(100_000))).toMatchObject({ offset: 100_000 })
    expect(findJsonError('['.repeat(100_000) + ']'.repeat(100_000))).toBeUndefined()
  })
})
