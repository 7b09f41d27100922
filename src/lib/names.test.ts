import { expect, test } from 'vitest'
import { inGroups, shortened, specLabel } from './names.ts'

test('names and ids', () => {
  expect(specLabel(`${'a'.repeat(52)}/io.ggen@=1.2.0`)).toBe('io.ggen 1.2.0')
  expect(specLabel('hello@^1')).toBe('hello ^1')
  expect(inGroups('abcdefghij')).toBe('abcd efgh ij')
  expect(inGroups('abcde fghij')).toBe('abcd efgh ij')
  expect(shortened('abcdefghijklmnopqrstuvwxyz', 3)).toBe('abc…xyz')
  expect(shortened('abcdefg', 3)).toBe('abcdefg')
})
