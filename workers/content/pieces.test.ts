import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutPieces } from './pieces.ts'

/** Reference model: slices of one buffer. */
const cutNaively = (parts: readonly Uint8Array[], pieceBytes: number): Uint8Array[] => {
  const whole = Uint8Array.from(parts.flatMap((part) => [...part]))
  return Array.from({ length: Math.ceil(whole.length / pieceBytes) }, (_, index) =>
    whole.slice(index * pieceBytes, (index + 1) * pieceBytes),
  )
}

test('cuts pieces like slices of the concatenated bytes', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 })
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 16 }), (files, pieceBytes) => {
      expect(cutPieces(files, pieceBytes)).toEqual(cutNaively(files, pieceBytes))
    }),
    { seed: 2, numRuns: 3_000 },
  )
})

test('does not copy pieces within one file', () => {
  const large = Uint8Array.from({ length: 100 }, (_, index) => index)
  const pieces = cutPieces([Uint8Array.of(1, 2), new Uint8Array(), large, Uint8Array.of(3)], 10)
  expect(pieces).toHaveLength(11)
  expect(pieces.slice(1, 10).every((piece) => piece.buffer === large.buffer)).toBe(true)
  expect(pieces[0]?.buffer).not.toBe(large.buffer)
})

test('yields no pieces for empty input', () => {
  expect(cutPieces([])).toEqual([])
  expect(cutPieces([new Uint8Array()])).toEqual([])
})
