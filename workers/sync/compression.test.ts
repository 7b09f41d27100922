import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFLATED_BATCH_MAX_BYTES, ENTRY_BATCH_MAX_BYTES } from '../protocol/limits.ts'
import { deflate, inflate } from './compression.ts'

test('inflates deflated bytes', async () => {
  const text = fc.oneof(
    fc.uint8Array({ maxLength: 20_000, size: 'max' }),
    fc.nat({ max: ENTRY_BATCH_MAX_BYTES }).map((length) => new Uint8Array(length).fill(7)),
  )
  await fc.assert(
    fc.asyncProperty(text, async (bytes) => {
      expect(await inflate(await deflate(bytes), bytes.length)).toEqual(bytes)
    }),
    { seed: 3, numRuns: 60 },
  )
})

test('accepts the largest batch even if it does not compress', async () => {
  const noise = crypto.getRandomValues(new Uint8Array(ENTRY_BATCH_MAX_BYTES))
  expect((await deflate(noise)).length).toBeLessThanOrEqual(DEFLATED_BATCH_MAX_BYTES)
})

const bomb = new Uint8Array(deflateRawSync(new Uint8Array(50_000_000)))

test.each<[string, Uint8Array, number, string]>([
  ['a bomb with its true size', bomb, 50_000_000, 'RecordTooLarge'],
  ['a bomb with a small declared size', bomb, 1000, 'RecordTooLarge'],
  ['one byte more than declared', new Uint8Array(deflateRawSync(new Uint8Array(11))), 10, 'RecordTooLarge'],
  ['one byte less than declared', new Uint8Array(deflateRawSync(new Uint8Array(9))), 10, 'RecordMalformed'],
  ['truncated data', new Uint8Array(deflateRawSync(new Uint8Array(1000))).subarray(0, 5), 1000, 'RecordMalformed'],
  ['trailing data', new Uint8Array([...deflateRawSync(new Uint8Array(9)), 1, 2]), 9, 'RecordMalformed'],
  ['empty data', new Uint8Array(0), 5, 'RecordMalformed'],
  ['garbage', new Uint8Array(100).fill(0xff), 100, 'RecordMalformed'],
  ['more bytes than a batch may have', new Uint8Array(DEFLATED_BATCH_MAX_BYTES + 1), 10, 'RecordTooLarge'],
])('rejects %s', async (_, deflated, size, name) => {
  await expect(inflate(deflated, size)).rejects.toMatchObject({ name })
})
