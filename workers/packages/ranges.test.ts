import { describe, expect, test } from 'vitest'
import { toNodeRange } from './ranges.ts'

describe('toNodeRange', () => {
  test.each([
    ['1', '^1'],
    ['1.0', '^1.0'],
    ['1.0.0', '^1.0.0'],
    ['v1.2.3', '^1.2.3'],
    ['0.4', '^0.4'],
    ['1.0.0-beta.1', '^1.0.0-beta.1'],
    ['=1.0.0', '=1.0.0'],
    ['^1.0', '^1.0'],
    ['~1.2', '~1.2'],
    ['>=0.1.0', '>=0.1.0'],
    ['>=0.2, <0.4', '>=0.2 <0.4'],
    ['>=0.1 <0.2', '>=0.1 <0.2'],
    ['1.x || >=2.5.0', '1.x || >=2.5.0'],
    ['1.0.0 - 2.0.0', '1.0.0 - 2.0.0'],
    ['==1.2.3', '=1.2.3'],
    ['~=1.4', '^1.4'],
    ['~=1.4.2', '~1.4.2'],
    ['', '*'],
    ['*', '*'],
    ['latest', '*'],
  ])('%j means %j', (written, range) => {
    expect(toNodeRange(written)).toBe(range)
  })

  test.each(['not a range', '^^1', '1.0.0.0', '>=one', '9'.repeat(500), '1.'.repeat(10_000)])(
    '%j is no range',
    (text) => {
      expect(toNodeRange(text)).toBeUndefined()
    },
  )
})
