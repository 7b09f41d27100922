import { expect, test } from 'vitest'
import { decodeText, ROW_CHARACTERS, toRows } from './text-rows.ts'

test('lines end in any of the three ways, and a last line break adds no line', () => {
  expect(toRows('a\r\nb\n\nc\rd\n')).toEqual([
    { line: 1, text: 'a' },
    { line: 2, text: 'b' },
    { line: 3, text: '' },
    { line: 4, text: 'c' },
    { line: 5, text: 'd' },
  ])
  expect(toRows('')).toEqual([{ line: 1, text: '' }])
})

test('a long line continues in unnumbered rows and loses nothing', () => {
  const long = `${'x'.repeat(ROW_CHARACTERS - 1)}😀${'y'.repeat(ROW_CHARACTERS)}`
  const rows = toRows(`${long}\nend`)
  expect(rows.map(({ line }) => line)).toEqual([1, undefined, undefined, 2])
  expect(
    rows
      .slice(0, 3)
      .map(({ text }) => text)
      .join(''),
  ).toBe(long)
  for (const { text } of rows) expect(text.isWellFormed()).toBe(true)
})

test('bytes with a NUL, or no UTF-8, are not text', () => {
  expect(decodeText(new TextEncoder().encode('ünïcödé'))).toBe('ünïcödé')
  expect(decodeText(new Uint8Array([0x61, 0, 0x62]))).toBeUndefined()
  expect(decodeText(new Uint8Array([0xff, 0xfe, 0x61]))).toBeUndefined()
  expect(decodeText(new Uint8Array())).toBe('')
})
