import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forEachSample } from '../testing/arbitraries.ts'
import { leakedBytes } from '../testing/leaked-bytes.ts'
import { mutate, type Seed, toSeed } from '../testing/mutate.ts'
import { createSeededBelow } from '../testing/seeded-random.ts'
import { sameBytes } from './bytes.ts'

const INPUTS = 200_000
const SEED = 2_026_1121

/** Inputs between two heap measurements, and bytes that each may retain: less than a reference. */
const INPUTS_IN_ROUND = 40_000
const MAX_KEPT_BYTES = 4

describe('hostile input', () => {
  forEachSample(({ codec, arbitrary }) => {
    test(`${INPUTS} hostile inputs for a ${codec.name}: no throw, no growth`, async () => {
      const seeds: Seed[] = fc
        .sample(arbitrary, { seed: SEED, numRuns: 200 })
        .map((value) => codec.encode(value))
        // Small inputs reach every branch.
        .filter((bytes) => bytes.length < 2000)
        .slice(0, 60)
        .map(toSeed)
      const random = createSeededBelow(SEED)
      let accepted = 0
      const feed = (input: Uint8Array) => {
        const read = codec.decode(input)
        if (!read.ok) return
        accepted++
        // Accepted input has one encoding. A sample is enough: encoding takes longer than decoding.
        if (accepted % 8 === 0 && !sameBytes(codec.encode(read.value), input))
          throw new Error(`Not canonical: ${input.join(' ')}`)
      }
      const feedAll = (count: number): void => {
        for (let done = 0; done < count; done += 1) feed(mutate(seeds, random))
      }
      const kept = await leakedBytes(INPUTS / INPUTS_IN_ROUND, () => feedAll(INPUTS_IN_ROUND))
      expect(kept).toBeLessThan(INPUTS_IN_ROUND * MAX_KEPT_BYTES)
      // Otherwise the mutations would be too crude to pass the first check.
      expect(accepted).toBeGreaterThan(INPUTS / 1000)
    })
  })
})

describe('the measurement', () => {
  test('detects a decoder that retains a reference to every second input', async () => {
    const keeping: object[] = []
    const rounds = (keeps: boolean) =>
      leakedBytes(5, () => {
        for (let i = 0; i < INPUTS_IN_ROUND; i++) {
          const input = { length: i }
          if (keeps && i % 2 === 0) keeping.push(input)
        }
      })
    expect(await rounds(true)).toBeGreaterThan(INPUTS_IN_ROUND * MAX_KEPT_BYTES)
    expect(await rounds(false)).toBeLessThan(INPUTS_IN_ROUND * MAX_KEPT_BYTES)
    expect(keeping.length).toBe((6 * INPUTS_IN_ROUND) / 2)
  })
})
