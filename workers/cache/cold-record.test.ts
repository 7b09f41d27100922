import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createColdRecords, readColdName, toColdName } from './cold-record.ts'

const records = createColdRecords(1_000)
const key = fc.string({ maxLength: 40 })
const at = fc.integer({ min: 0, max: 4_000_000_000_000 })

test('entry names round-trip, and other names are rejected', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40, unit: 'binary' }), at, fc.nat(), (key, at, size) => {
      expect(readColdName(toColdName({ key, at, size }))).toEqual({ key, at, size })
    }),
    { seed: 7 },
  )
  for (const name of [
    '',
    'k',
    'k\u0000',
    'k\u0000a',
    'k\u0000a\u0000',
    'k\u0000a\u0000B',
    'k\u0000-1\u00001',
    'k\u00001\u00001.5',
  ])
    expect(readColdName(name)).toBeUndefined()
})

test('decodes exactly the record that was written', () => {
  fc.assert(
    fc.property(
      key,
      at,
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (key, at, value, place, flip) => {
        const written = records.encode(key, at, value)
        if (written === undefined) throw new Error('not written')
        const name = readColdName(written.name)
        if (name === undefined) throw new Error('no name')
        expect(records.decode(name, written.bytes)).toEqual(value)
        expect(records.decode({ ...name, key: `${key}x` }, written.bytes)).toBeUndefined()
        expect(records.decode({ ...name, at: at + 1 }, written.bytes)).toBeUndefined()
        expect(records.decode(name, written.bytes.subarray(1))).toBeUndefined()
        const damaged = written.bytes.slice()
        damaged[place % damaged.length] = (damaged[place % damaged.length] ?? 0) ^ flip
        expect(records.decode(name, damaged)).toBeUndefined()
      },
    ),
    { seed: 8, numRuns: 1_000 },
  )
})

test('decoding arbitrary bytes is total', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(records.decode({ key: 'k', at: 1, size: bytes.length }, bytes)).toBeUndefined()
    }),
    { seed: 9, numRuns: 20_000 },
  )
})

test('does not encode keys and times that cannot be stored', () => {
  expect(records.encode('k'.repeat(5_000), 1, new Uint8Array())).toBeUndefined()
  expect(records.encode('k', -1, new Uint8Array())).toBeUndefined()
  expect(records.encode('k', 1, new Uint8Array(5_200))).toBeUndefined()
})
