import { describe, expect, test } from 'vitest'
import { isKnownLicense } from './license.ts'

describe('isKnownLicense', () => {
  test.each([
    'MIT',
    'mit',
    'MIT OR Apache-2.0',
    'MIT/Apache-2.0',
    '(MIT AND CC-BY-4.0) OR GPL-2.0+',
    'GPL-3.0-or-later WITH GCC-exception-3.1',
    'LicenseRef-Ours',
    'CC0-1.0',
  ])('%j is known', (expression) => {
    expect(isKnownLicense(expression)).toBe(true)
  })

  test.each([
    '',
    'Proprietary',
    'MIT License',
    'MIT OR',
    'OR MIT',
    'MIT Apache-2.0',
    '(MIT',
    'MIT)',
    '()',
    'MIT WITH',
    'MIT WITH love',
    'SEE LICENSE IN LICENSE.md',
  ])('%j is not', (expression) => {
    expect(isKnownLicense(expression)).toBe(false)
  })
})
