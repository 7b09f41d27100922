import { type Stream, StreamMessageEvent } from '@libp2p/interface'
import fc from 'fast-check'
import { encode as varint } from 'uint8-varint'
import { expect, test } from 'vitest'
import { concatBytes } from '../protocol/bytes.ts'
import { readFrames, toFrame } from './frames.ts'

const read = (chunks: readonly Uint8Array[], maxLength: number) => {
  const stream = new EventTarget()
  const frames: Uint8Array[] = []
  const errors: string[] = []
  readFrames(stream as unknown as Stream, {
    maxLength: () => maxLength,
    onFrame: (frame) => frames.push(frame),
    onProtocolError: (reason) => errors.push(reason),
  })
  for (const chunk of chunks) stream.dispatchEvent(new StreamMessageEvent(chunk))
  return { frames, errors }
}

test('reads frames across arbitrary chunk boundaries', () => {
  const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 })
  fc.assert(
    fc.property(payloads, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, cuts) => {
      const bytes = concatBytes(sent.map(toFrame))
      const chunks: Uint8Array[] = []
      for (let offset = 0, at = 0; offset < bytes.length; at += 1) {
        const length = cuts[at % cuts.length] ?? 1
        chunks.push(bytes.subarray(offset, offset + length))
        offset += length
      }
      expect(read(chunks, 300)).toEqual({ frames: sent, errors: [] })
    }),
    { seed: 2, numRuns: 1_000 },
  )
})

test('encodes lengths as varints', () => {
  expect(varint(0)).toEqual(Uint8Array.of(0))
  expect(varint(127)).toEqual(Uint8Array.of(127))
  expect(varint(128)).toEqual(Uint8Array.of(0x80, 1))
  expect(varint(262_144)).toEqual(Uint8Array.of(0x80, 0x80, 0x10))
})

test('rejects an oversized frame at its length, and reads no further', () => {
  const { frames, errors } = read([varint(11), new Uint8Array(100)], 10)
  expect(frames).toEqual([])
  expect(errors).toEqual(['frame of 11 bytes, over the limit of 10'])
  expect(read([Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x01)], 10).errors).toEqual(['unreadable frame length'])
  expect(read([Uint8Array.of(0)], 10).errors).toEqual(['empty frame'])
})

test('arbitrary bytes yield frames within the limit and at most one error', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 })), (chunks) => {
      const { frames, errors } = read(chunks, 20)
      expect(frames.every(({ length }) => length > 0 && length <= 20)).toBe(true)
      expect(errors.length).toBeLessThanOrEqual(1)
    }),
    { seed: 2, numRuns: 2_000 },
  )
})
