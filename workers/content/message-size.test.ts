import { expect, test } from 'vitest'
import { PIECE_BYTES } from '../protocol/limits.ts'
import { createMessageSize } from './message-size.ts'

/** Bytes of a message after `answers` pieces that went at an even pace. */
const after = (answers: number, megabytesPerSecond: number): number => {
  let at = 0
  const size = createMessageSize(() => at)
  for (let n = 0; n < answers; n += 1) {
    size.sent(PIECE_BYTES)
    at += PIECE_BYTES / 1e3 / megabytesPerSecond
  }
  return size.bytes
}

test('a stream begins with messages of 64 KiB, whatever its first pieces took', () => {
  expect(after(0, 10)).toBe(65_536)
  expect(after(16, 10)).toBe(65_536)
  expect(after(16, 0.01)).toBe(65_536)
})

test('a fast stream gets half a piece a message, so that a piece and its header are two of 256 KiB at most', () => {
  expect(after(17, 10)).toBe(PIECE_BYTES / 2)
  expect(after(17, Number.POSITIVE_INFINITY)).toBe(PIECE_BYTES / 2)
})

test.for([1, 2, 3])('at %i MB/s no message takes much over 32 ms', (pace) => {
  const bytes = after(40, pace)
  expect(bytes / 1e3 / pace).toBeGreaterThan(24)
  expect(bytes / 1e3 / pace).toBeLessThan(40)
})

test('a slow stream keeps to 16 KiB', () => {
  expect(after(40, 0.1)).toBe(16_384)
})

test('the size follows a link that becomes slow', () => {
  let at = 0
  const size = createMessageSize(() => at)
  for (let n = 0; n < 20; n += 1) size.sent(PIECE_BYTES)
  expect(size.bytes).toBe(131_072)
  for (let n = 0; n < 20; n += 1) {
    at += 2_600
    size.sent(PIECE_BYTES)
  }
  expect(size.bytes).toBe(16_384)
})
