import { describe, expect, test } from 'vitest'
import { compareVersions, isRange, isVersion, pickLatest } from './versions-and-ranges.ts'

test.each(['0.0.0', '1.2.3', '1.0.0-alpha.1', '1.0.0+build.5', '1.0.0-rc.1+a-b'])('%j is a version', (text) => {
  expect(isVersion(text)).toBe(true)
})

test.each(['', '1', '1.0', 'v1.0.0', '=1.0.0', ' 1.0.0', '1.0.0 ', '01.0.0', '1.0.0-01', '1.0.0.0', '1.0.x', 'latest'])(
  '%j is no version',
  (text) => expect(isVersion(text)).toBe(false),
)

test('versions are bounded', () => {
  expect(isVersion(`1.0.0-${'a'.repeat(58)}`)).toBe(true)
  expect(isVersion(`1.0.0-${'a'.repeat(59)}`)).toBe(false)
  expect(isVersion('99999999999999999.0.0')).toBe(false)
})

test('ranges', () => {
  for (const text of ['*', '^1.0.0', '1.0', '>=1 <2 || 3.x', '1.2.3 - 2', '1.0.0']) expect(isRange(text)).toBe(true)
  for (const text of ['', ' ', 'latest', '^', 'git+https://x', `>=1${' '.repeat(200)}`, '1.0.0 ']) {
    expect(isRange(text)).toBe(false)
  }
})

test('distinct versions are ordered', () => {
  const order = ['1.0.0-alpha', '1.0.0-alpha.2', '1.0.0-alpha.10', '1.0.0', '1.0.0+a', '1.0.0+b', '1.2.0', '1.10.0']
  expect([...order].reverse().sort(compareVersions)).toEqual(order)
})

describe('pickLatest', () => {
  test('prefers stable unyanked versions', () => {
    expect(pickLatest([{ version: '2.0.0-rc.1' }, { version: '1.9.0' }, { version: '1.10.0' }])).toBe('1.10.0')
    expect(pickLatest([{ version: '2.0.0', yanked: true }, { version: '1.0.0' }])).toBe('1.0.0')
  })

  test('falls back to prereleases and yanked versions', () => {
    expect(pickLatest([{ version: '1.0.0', yanked: true }, { version: '1.0.0-rc.1' }])).toBe('1.0.0-rc.1')
    expect(pickLatest([{ version: '1.0.0', yanked: true }])).toBe('1.0.0')
    expect(pickLatest([])).toBeUndefined()
  })
})
