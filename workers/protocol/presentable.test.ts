import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { presentableCount, presentableLine, presentableLines, presentableTime, UNKNOWN_TIME } from './presentable.ts'

const anyNumber = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(8.64e15, 8.64e15 + 1, 9e15, -1, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
)
const now = Date.UTC(2026, 10, 27)
const hour = 3_600_000

describe('a time', () => {
  test('is displayable and never later than now for any claimed value', () => {
    fc.assert(
      fc.property(anyNumber, fc.option(fc.nat({ max: 4e12 }), { nil: undefined }), (claimed, present) => {
        const shown = presentableTime(claimed, present)
        expect(Number.isSafeInteger(shown) && shown >= 0).toBe(true)
        expect(() => new Date(shown).toISOString()).not.toThrow()
        if (present !== undefined) expect(shown).toBeLessThanOrEqual(present)
        expect(presentableTime(shown, present)).toBe(shown)
      }),
      { seed: 20, numRuns: 2_000 },
    )
  })

  test('in the past is unchanged, within the tolerance becomes now, and further ahead becomes unknown', () => {
    expect(presentableTime(now - 1, now)).toBe(now - 1)
    expect(presentableTime(now + 60_000, now)).toBe(now)
    for (const ahead of [3 * hour, 24 * hour, 3 * 365 * 24 * hour, 9e15])
      expect(presentableTime(now + ahead, now)).toBe(UNKNOWN_TIME)
    expect(presentableTime(now + 3 * hour)).toBe(now + 3 * hour)
  })
})

describe('a line', () => {
  test('in plain letters, many scripts or with emoji is unchanged', () => {
    const lines = [
      'hello world',
      'Grüße aus Köln',
      '日本語パッケージ',
      'नमस्ते',
      'می‌خواهم',
      '👩‍👩‍👧 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿',
      'é̂',
      '{{name}} <b>',
    ]
    expect(lines.map((line) => presentableLine(line))).toEqual(lines)
  })

  test('without visible characters is replaced', () => {
    const nothing = [
      '',
      ' ',
      '\u200d',
      '\u200b\u200c',
      '\u3164\uffa0\u115f',
      '\u2800',
      '\ufe0f',
      '\u0301',
      '\u{e0041}',
      '\ue000',
      '\ud800',
    ]
    for (const text of nothing) expect(presentableLine(text, 'slug'), JSON.stringify(text)).toBe('slug')
  })

  test('loses direction controls, line breaks and stacked marks', () => {
    expect(presentableLine('a\u202eb\u2066c\u0000d\ne\u061cf')).toBe('abcdef')
    expect(presentableLine(`a${'\u0301'.repeat(200)}b`)).toBe(`a${'\u0301'.repeat(4)}b`)
    expect(presentableLine('x\ud800y')).toBe('xy')
  })

  test('is well-formed and idempotent for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.array(fc.constantFrom('\ud83d', '\u200d', '\u0301', 'a', ' ')),
        (text, parts) => {
          const shown = presentableLine(text + parts.join(''), 'x')
          expect(shown.isWellFormed() && shown !== '').toBe(true)
          expect(presentableLine(shown, 'x')).toBe(shown)
        },
      ),
      { seed: 21, numRuns: 2_000 },
    )
  })

  test('appears once in a list', () => {
    expect(presentableLines(['a', '\u200d', 'a\u2060', 'b'])).toEqual(['a', 'b'])
  })
})

test('a count is a whole number within its limit', () => {
  expect([-1, 1.5, 7, 1e9, Number.NaN].map((count) => presentableCount(count, 100))).toEqual([0, 1, 7, 100, 0])
})
