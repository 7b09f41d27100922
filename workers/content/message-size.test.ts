import { expect, test } from 'vitest'
import { PIECE_BYTES } from '../protocol/limits.ts'
import { createMessageSize } from './message-size.ts'

/** Message size after `answers` pieces sent at a constant rate. */
const after = (answers: number, megabytesPerSecond: number): number => {
  let at = 0
  const size = createMessageSize(() => at)
  for (let n = 0; n < answers; n += 1) {
    size.sent(PIECE_BYTES)
    at += PIECE_BYTES / 1e3 / megabytesPerSecond
  }
  return size.bytes
}

test('starts with messages of 64 KiB, regardless of the speed of the first pieces', () => {
  expect(after(0, 10)).toBe(65_536)
  expect(after(16, 10)).toBe(65_536)
  expect(after(16, 0.01)).toBe(65_536)
})

test('sends half a piece per message on a fast stream, which stays below 256 KiB with framing', () => {
  expect(after(17, 10)).toBe(PIECE_BYTES / 2)
  expect(after(17, Number.POSITIVE_INFINITY)).toBe(PIECE_BYTES / 2)
})

test.for([1, 2, 3])('a message takes about 32 ms at %i MB/s', (megabytesPerSecond) => {
  const bytes = after(40, megabytesPerSecond)
  expect(bytes / 1e3 / megabytesPerSecond).toBeGreaterThan(24)
  expect(bytes / 1e3 / megabytesPerSecond).toBeLessThan(40)
})

test('sends messages of 16 KiB on a slow stream', () => {
  expect(after(40, 0.1)).toBe(16_384)
})

test('shrinks messages when the link becomes slow', () => {
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
