import { Record } from '@libp2p/kad-dht'
import fc from 'fast-check'
import { encode as varint } from 'uint8-varint'
import { expect, test } from 'vitest'
import { concatBytes } from '../protocol/bytes.ts'
import { decodeAnswer, encodeQuestion, messageTypes, readNumber } from './message.ts'

const peer = fc.record({
  id: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  multiaddrs: fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }),
})

test('decoding an encoded message returns its record and peers', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(messageTypes)),
      fc.uint8Array({ maxLength: 64 }),
      fc.option(fc.uint8Array({ maxLength: 400 }), { nil: undefined }),
      fc.array(peer, { maxLength: 20 }),
      (type, key, record, providers) => {
        const bytes = encodeQuestion({ type, key, providers, ...(record === undefined ? {} : { record }) })
        expect(decodeAnswer(bytes)).toEqual({ type, record, closer: [], providers })
      },
    ),
    { seed: 1, numRuns: 200 },
  )
})

test('the decoder never throws and never returns too many peers, whatever the bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const answer = decodeAnswer(bytes)
      if (answer !== undefined) expect(answer.closer.length + answer.providers.length).toBeLessThanOrEqual(40)
    }),
    { seed: 2, numRuns: 2_000 },
  )
})

test('rejects a truncated message and ignores unknown fields', () => {
  const question = { type: messageTypes.getValue, key: Uint8Array.of(1, 2), record: new Uint8Array(30).fill(3) }
  const bytes = encodeQuestion(question)
  expect(decodeAnswer(bytes.subarray(0, -1))).toBeUndefined()
  // Field 15 as a varint, as 8 bytes, as 4 bytes, as text.
  const unknown = [
    [0x78, 5],
    [0x79, 1, 2, 3, 4, 5, 6, 7, 8],
    [0x7d, 1, 2, 3, 4],
    [0x7a, 2, 9, 9],
  ]
  const more = concatBytes([...unknown.map((each) => Uint8Array.from(each)), bytes])
  expect(decodeAnswer(more)?.record).toEqual(question.record)
})

test('reads a bounded number of peers and addresses', () => {
  const crowd = Array.from({ length: 300 }, () => ({
    id: Uint8Array.of(1),
    multiaddrs: Array.from({ length: 100 }, () => Uint8Array.of(4)),
  }))
  const answer = decodeAnswer(
    encodeQuestion({ type: messageTypes.getProviders, key: new Uint8Array(), providers: crowd }),
  )
  expect(answer?.providers).toHaveLength(20)
  expect(answer?.providers[0]?.multiaddrs).toHaveLength(16)
})

test('reads 32-bit varints, asks for more bytes of a truncated one and rejects a larger one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => {
      const bytes = varint(value)
      expect(readNumber(bytes, 0)).toEqual({ value, end: bytes.length })
      expect(readNumber(bytes.subarray(0, -1), 0)).toBe('more')
    }),
    { seed: 3 },
  )
  expect(readNumber(new Uint8Array(20).fill(0xff), 0)).toBeUndefined()
})

test('carries a record as kad-dht encodes it', () => {
  const record = new Record(Uint8Array.of(1), Uint8Array.of(2), new Date(0)).serialize().subarray()
  const answer = decodeAnswer(encodeQuestion({ type: messageTypes.putValue, key: Uint8Array.of(1), record }))
  expect(Record.deserialize(answer?.record ?? new Uint8Array()).value).toEqual(Uint8Array.of(2))
})
