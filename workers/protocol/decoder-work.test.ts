import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forEachSample } from '../testing/arbitraries.ts'
import { mutate, type Seed, toSeed } from '../testing/mutate.ts'
import { createSeededBelow } from '../testing/seeded-random.ts'
import { workOf } from '../testing/work-counter.ts'
import { MAX_FILES, PIECE_BYTES } from './limits.ts'
import { type ContentManifest, manifestCodec } from './manifest.ts'

const SEED = 2_026_1121
const INPUTS = 20_000

/** Inputs measured together: enough for one with quadratic cost to stand out. */
const COUNTED = 200

/**
 * Code blocks that a decoder may run per byte and per input: it reads each byte a few times and checks the fields of
 * its schema. Three times the maximum of all decoders.
 */
const MAX_WORK_PER_BYTE = 150
const MAX_WORK_PER_INPUT = 5_000

const mostWork = (inputs: readonly Uint8Array[]): number =>
  inputs.reduce((sum, { length }) => sum + MAX_WORK_PER_INPUT + MAX_WORK_PER_BYTE * length, 0)

describe('the work of decoding hostile input', () => {
  forEachSample(({ codec, arbitrary }) => {
    test(`is bounded by its length for a ${codec.name}`, () => {
      const seeds: Seed[] = fc
        .sample(arbitrary, { seed: SEED, numRuns: 200 })
        .map((value) => toSeed(codec.encode(value)))
        .slice(0, 60)
      const random = createSeededBelow(SEED)
      for (let done = 0; done < INPUTS; done += COUNTED) {
        const inputs = Array.from({ length: COUNTED }, () => mutate(seeds, random))
        expect(workOf(() => inputs.map(codec.decode))).toBeLessThan(mostWork(inputs))
      }
    })

    test(`is bounded for the largest ${codec.name}`, () => {
      for (const input of largestHostile(codec.maxBytes)) {
        const work = workOf(() => expect(codec.decode(input).ok).toBe(false))
        expect(work).toBeLessThan(mostWork([input]))
      }
    })
  })

  test('is bounded for hostile variants of the largest manifest', () => {
    const seeds = [toSeed(manifestCodec.encode(largestManifest()))]
    const random = createSeededBelow(SEED)
    for (let i = 0; i < 300; i++) {
      const input = mutate(seeds, random)
      expect(workOf(() => manifestCodec.decode(input))).toBeLessThan(mostWork([input]))
    }
  })
  test('the measurement detects a decoder with quadratic cost', () => {
    const inputs = Array.from({ length: COUNTED }, (_, i) => new Uint8Array(i === 0 ? 2_000 : 300))
    const square = (input: Uint8Array): number => {
      let sum = 0
      for (const a of input) for (let at = 0; at < input.length; at++) sum += a ^ (input[at] ?? 0)
      return sum
    }
    const straight = (input: Uint8Array): number => input.reduce((sum, byte) => sum + byte, 0)
    expect(workOf(() => inputs.forEach(square))).toBeGreaterThan(mostWork(inputs))
    expect(workOf(() => inputs.forEach(straight))).toBeLessThan(mostWork(inputs))
  })
})

/** Inputs of maximum size that repeat one element. */
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
    // Unclosed nesting.
    filled(0x81),
    filled(0xa1, 0x61, 0x61),
    filled(0xc1),
    filled(0x9f),
    // One item per byte.
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

/** The maximum number of files in deep folders, with names that need all checks. */
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
