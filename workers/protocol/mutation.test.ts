import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forEachSample } from './arbitraries.ts'
import { sameBytes } from './bytes.ts'
import { MAX_FILES, PIECE_BYTES } from './limits.ts'
import { type ContentManifest, manifestCodec } from './manifest.ts'
import { createRandom, mutate, type Seed, toSeed } from './mutate.ts'

const INPUTS = 200_000
const SEED = 2_026_1121

/** No decoder may hang for longer. */
const HANG_MS = 50
/** A pause that is the machine's, not the decoder's, does not come back each time. */
const RETRIES = 8
/** Far below what 200,000 inputs of 300 bytes would take if anything of them stayed; above what a heap breathes. */
const MAX_GROWTH_BYTES = 16 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const heldBytes = (): number => {
  collectGarbage()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + external + arrayBuffers
}

const timeOf = (run: () => void): number => {
  const start = performance.now()
  run()
  return performance.now() - start
}

describe('hostile input', () => {
  forEachSample(({ codec, arbitrary }) => {
    test(`${INPUTS} hostile inputs for a ${codec.name}: no throw, no hang, no growth`, { timeout: 120_000 }, () => {
      const seeds: Seed[] = fc
        .sample(arbitrary, { seed: SEED, numRuns: 200 })
        .map((value) => codec.encode(value))
        // Small ones reach every branch; large ones are looked at below.
        .filter((bytes) => bytes.length < 2000)
        .slice(0, 60)
        .map(toSeed)
      const random = createRandom(SEED)
      let accepted = 0
      let slowest = 0
      const feed = (input: Uint8Array) => {
        const read = codec.decode(input)
        if (!read.ok) return
        accepted++
        // What is accepted has one encoding. Some are enough: writing takes longer than reading.
        if (accepted % 8 === 0 && !sameBytes(codec.encode(read.value), input))
          throw new Error(`Not canonical: ${input.join(' ')}`)
      }
      for (let i = 0; i < 2000; i++) feed(mutate(seeds, random))

      const before = heldBytes()
      for (let i = 0; i < INPUTS; i++) {
        const input = mutate(seeds, random)
        let took = timeOf(() => feed(input))
        for (let n = 0; n < RETRIES && took > HANG_MS; n++)
          took = Math.min(
            took,
            timeOf(() => feed(input)),
          )
        slowest = Math.max(slowest, took)
      }
      expect(heldBytes() - before).toBeLessThan(MAX_GROWTH_BYTES)
      expect(slowest).toBeLessThan(HANG_MS)
      // Otherwise the mutations would be too crude to get past the first check.
      expect(accepted).toBeGreaterThan(INPUTS / 1000)
    })

    test(`the largest hostile inputs for a ${codec.name} end soon`, () => {
      for (const input of largestHostile(codec.maxBytes)) {
        const read = codec.decode(input)
        expect(read.ok).toBe(false)
        let took = Number.POSITIVE_INFINITY
        for (let n = 0; n < RETRIES && took > HANG_MS; n++) took = timeOf(() => codec.decode(input))
        expect(took).toBeLessThan(HANG_MS)
      }
    })
  })

  test('hostile variants of the largest manifest end soon', { timeout: 60_000 }, () => {
    const seeds = [toSeed(manifestCodec.encode(largestManifest()))]
    const random = createRandom(SEED)
    for (let i = 0; i < 300; i++) {
      const input = mutate(seeds, random)
      let took = timeOf(() => manifestCodec.decode(input))
      for (let n = 0; n < RETRIES && took > HANG_MS; n++) {
        took = Math.min(
          took,
          timeOf(() => manifestCodec.decode(input)),
        )
      }
      expect(took).toBeLessThan(HANG_MS)
    }
  })
})

/** Inputs as large as is allowed, made of one thing over and over. */
const largestHostile = (maxBytes: number): Uint8Array[] => {
  const filled = (...unit: number[]) => Uint8Array.from({ length: maxBytes }, (_, i) => unit[i % unit.length] ?? 0)
  const listOf = (...unit: number[]) => {
    const bytes = filled(...unit)
    bytes.set([0x9a, ...bigEndian(maxBytes - 5)])
    return bytes
  }
  const oneText = filled(0x61)
  oneText.set([0x7a, ...bigEndian(maxBytes - 5)])
  return [
    // Nested without end.
    filled(0x81),
    filled(0xa1, 0x61, 0x61),
    filled(0xc1),
    filled(0x9f),
    // As many items as there are bytes.
    listOf(0x80),
    listOf(0xa0),
    listOf(0x60),
    listOf(0x00),
    listOf(0xa1, 0x60, 0x60),
    oneText,
    filled(0xff),
  ]
}

const bigEndian = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]

/** As many files as are allowed, deep in folders, with names that need all checks. */
const largestManifest = (): ContentManifest => ({
  v: 1,
  files: Array.from({ length: MAX_FILES }, (_, i) => ({
    path: `${'Ordner-Ä/'.repeat(40)}${String(i).padStart(4, '0')}.txt`,
    size: 100_000,
    sha256: new Uint8Array(32),
  })),
  pieceSize: PIECE_BYTES,
  size: MAX_FILES * 100_000,
  pieces: Array.from({ length: Math.ceil((MAX_FILES * 100_000) / PIECE_BYTES) }, () => new Uint8Array(32)),
})
