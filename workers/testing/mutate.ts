import * as dagCbor from '@ipld/dag-cbor'
import { concatBytes } from '../protocol/bytes.ts'
import type { RandomBelow } from './seeded-random.ts'

/**
 * Seeded hostile variants of valid records, as a broken or malicious peer may send them.
 */

export interface Seed {
  readonly bytes: Uint8Array
  /** The decoded `bytes`, before schema validation. */
  readonly value: unknown
}

export const toSeed = (bytes: Uint8Array): Seed => ({ bytes, value: dagCbor.decode(bytes) })

/** One hostile input: a valid one that is damaged, joined, declared longer, nested or contains an odd value. */
export const mutate = (seeds: readonly Seed[], random: RandomBelow): Uint8Array => {
  const seed = pick(seeds, random)
  switch (random(10)) {
    case 0:
      return garbage(random)
    case 1:
      return seed.bytes.subarray(0, random(seed.bytes.length))
    case 2:
      return splice(seed.bytes, pick(seeds, random).bytes, random)
    case 3:
      return insert(seed.bytes, pick(hostileBytes, random), random)
    case 4:
      return replace(seed.bytes, pick(hostileBytes, random), random)
    case 5:
    case 6:
    case 7: {
      const value = replaceSomewhere(seed.value, random)
      try {
        return dagCbor.encode(value)
      } catch {
        // Values that the encoder refuses cannot be sent as CBOR.
        return flip(seed.bytes, random)
      }
    }
    default:
      return flip(seed.bytes, random)
  }
}

const pick = <T>(from: readonly T[], random: RandomBelow): T => {
  const picked = from[random(from.length)]
  if (picked === undefined) throw new RangeError('There is nothing to pick from.')
  return picked
}

const flip = (bytes: Uint8Array, random: RandomBelow): Uint8Array => {
  const copy = bytes.slice()
  for (let flips = 1 + random(4); flips > 0; flips--) {
    const at = random(copy.length)
    copy[at] = random(2) === 0 ? (copy[at] ?? 0) ^ (1 << random(8)) : random(256)
  }
  return copy
}

const garbage = (random: RandomBelow): Uint8Array => {
  const bytes = new Uint8Array(random(200))
  for (let i = 0; i < bytes.length; i++) bytes[i] = random(256)
  return bytes
}

const splice = (a: Uint8Array, b: Uint8Array, random: RandomBelow): Uint8Array => {
  const start = a.subarray(0, random(a.length))
  return concatBytes([start, b.subarray(random(b.length))])
}

const insert = (bytes: Uint8Array, piece: Uint8Array, random: RandomBelow): Uint8Array => {
  const at = random(bytes.length + 1)
  return concatBytes([bytes.subarray(0, at), piece, bytes.subarray(at)])
}

const replace = (bytes: Uint8Array, piece: Uint8Array, random: RandomBelow): Uint8Array => {
  const at = random(bytes.length)
  return concatBytes([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)])
}

/** Replaces a random part of the value by an odd one, or adds or removes a field. */
const replaceSomewhere = (value: unknown, random: RandomBelow): unknown => {
  if (Array.isArray(value) && random(4) !== 0) {
    const copy = [...value]
    const at = random(copy.length + 1)
    const action = random(4)
    if (action === 0) copy.splice(at, 0, pick(hostileValues, random))
    else if (action === 1) copy.push(copy[random(copy.length)] ?? null)
    else if (action === 2) copy.splice(at, 1)
    else if (at < copy.length) copy[at] = replaceSomewhere(copy[at], random)
    return copy
  }
  if (typeof value === 'object' && value !== null && !(value instanceof Uint8Array) && random(8) !== 0) {
    const entries = Object.entries(value)
    const at = random(entries.length)
    const entry = entries[at]
    const action = random(10)
    if (action === 0) entries.push([pick(hostileKeys, random), pick(hostileValues, random)])
    else if (action === 1) entries.splice(at, 1)
    else if (entry !== undefined) entry[1] = replaceSomewhere(entry[1], random)
    // A Map, because objects cannot easily have a key `__proto__`.
    return new Map(entries)
  }
  if (typeof value === 'string' && random(2) === 0) {
    const at = random(value.length + 1)
    return value.slice(0, at) + pick(hostileTexts, random) + value.slice(at)
  }
  if (typeof value === 'number' && random(2) === 0) return value + random(3) - 1
  return pick(hostileValues, random)
}

const hostileKeys = ['__proto__', 'constructor', 'toString', 'v', 'V', 'x', 'é', 'kind', 'type', 'length', '\ud800']

const hostileTexts = [
  '\0',
  '\n',
  '\u202e',
  '\ud800',
  '\ufeff',
  'e\u0301',
  '../',
  '/',
  '\\',
  'CON',
  ' ',
  '.',
  '@',
  '😀',
  'a'.repeat(400),
  `1.${'0'.repeat(60)}.0`,
  '9'.repeat(20),
  ' || '.repeat(40),
  '\u0301\u0316'.repeat(150),
]

const hostileValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2,
  Number.MAX_SAFE_INTEGER,
  2n ** 64n - 1n,
  -(2n ** 63n),
  '',
  'x',
  'x'.repeat(1000),
  new Uint8Array(0),
  new Uint8Array(31),
  new Uint8Array(64),
  new Uint8Array(5000),
  [],
  [[]],
  {},
  Array.from({ length: 300 }, () => 0),
  Array.from({ length: 300 }, () => ({})),
  ...hostileTexts,
]

const repeated = (byte: number, times: number) => new Uint8Array(times).fill(byte)

/** Encodings that are known to break decoders. */
const hostileBytes: readonly Uint8Array[] = [
  // Nested lists, maps and tags.
  repeated(0x81, 12),
  repeated(0x81, 900),
  repeated(0xa1, 900),
  repeated(0xc1, 900),
  repeated(0x9f, 900),
  // Many empty lists and maps.
  repeated(0x80, 600),
  repeated(0xa0, 600),
  // Declared lengths of 2^32 and 2^64 bytes, characters, entries.
  ...[0x40, 0x60, 0x80, 0xa0].flatMap((type) => [
    Uint8Array.of(type | 26, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(type | 27, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(type | 27, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    // Indefinite length, reserved values.
    Uint8Array.of(type | 31),
    Uint8Array.of(type | 28),
  ]),
  // NaN, infinities, floats of three sizes, undefined, an unassigned simple value, break.
  Uint8Array.of(0xf9, 0x7e, 0x00),
  Uint8Array.of(0xf9, 0x7c, 0x00),
  Uint8Array.of(0xfa, 0x7f, 0xc0, 0x00, 0x00),
  Uint8Array.of(0xfb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 1),
  Uint8Array.of(0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0xf7),
  Uint8Array.of(0xf8, 0x20),
  Uint8Array.of(0xff),
  // A CID, a big number, a date.
  Uint8Array.of(0xd8, 0x2a, 0x43, 0x00, 0x01, 0x71),
  Uint8Array.of(0xc2, 0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0),
  Uint8Array.of(0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0),
  // Overlong numbers.
  Uint8Array.of(0x18, 0x01),
  Uint8Array.of(0x1b, 0, 0, 0, 0, 0, 0, 0, 1),
  // Text that is not UTF-8, an encoded surrogate, a byte order mark.
  Uint8Array.of(0x62, 0xc3, 0x28),
  Uint8Array.of(0x63, 0xed, 0xa0, 0x80),
  Uint8Array.of(0x64, 0xef, 0xbb, 0xbf, 0x61),
  // Keys: `__proto__`, a duplicate, a number.
  Uint8Array.of(0xa1, 0x69, 0x5f, 0x5f, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x5f, 0x5f, 0xa0),
  Uint8Array.of(0xa2, 0x61, 0x76, 0x01, 0x61, 0x76, 0x01),
  Uint8Array.of(0xa1, 0x01, 0x01),
]
