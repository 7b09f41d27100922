import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forEachSample } from '../testing/arbitraries.ts'

describe('encode, decode, encode', () => {
  forEachSample(({ codec, arbitrary }) => {
    test(`preserves a ${codec.name}`, () => {
      fc.assert(
        fc.property(arbitrary, (value) => {
          const bytes = codec.encode(value)
          const read = codec.decode(bytes)
          expect(read).toEqual({ ok: true, value })
          if (read.ok) expect(codec.encode(read.value)).toEqual(bytes)
        }),
        { seed: 20_261, numRuns: 200 },
      )
    })

    test(`an oversized ${codec.name} is refused by its size alone`, () => {
      const read = codec.decode(new Uint8Array(codec.maxBytes + 1))
      expect(read).toMatchObject({ ok: false, name: 'RecordTooLarge' })
    })
  })
})
