import * as v from 'valibot'
import { type Codec, createCodec } from '../protocol/codec.ts'
import { bytes, integer } from '../protocol/fields.ts'

/**
 * One entry in the store. Its name encodes key, time and size, so the names alone form the index and no separate index
 * can become inconsistent.
 */
export interface ColdName {
  key: string
  /** Time of the put (Unix time, ms). */
  at: number
  /** Size of the encoded record (bytes). */
  size: number
}

export const toColdName = ({ key, at, size }: ColdName): string =>
  `${key}${separator}${at.toString(36)}${separator}${size.toString(36)}`

/** Parses an entry name; undefined for any other name. */
export const readColdName = (name: string): ColdName | undefined => {
  const parts = name.split(separator)
  const [size, at] = [toCount(parts.pop()), toCount(parts.pop())]
  return size === undefined || at === undefined || parts.length === 0
    ? undefined
    : { key: parts.join(separator), at, size }
}

export interface ColdRecords {
  /** Encodes name and record; undefined for a key or time that cannot be stored. */
  encode(key: string, at: number, value: Uint8Array): { name: string; bytes: Uint8Array } | undefined
  /** Decodes the value of a name; undefined for anything but the exact record. Total. */
  decode(name: ColdName, bytes: Uint8Array): Uint8Array | undefined
}

/** @param maxValueBytes maximum size of a value (bytes). */
export const createColdRecords = (maxValueBytes: number): ColdRecords => {
  const codec = recordCodec(maxValueBytes)
  return {
    encode(key, at, value) {
      try {
        const bytes = codec.encode({ v: 1, key, at, sum: checksum(value), value })
        return { name: toColdName({ key, at, size: bytes.length }), bytes }
      } catch {
        return undefined
      }
    },
    decode(name, bytes) {
      const read = bytes.length === name.size ? codec.decode(bytes) : undefined
      if (read?.ok !== true) return undefined
      const { key, at, sum, value } = read.value
      return key === name.key && at === name.at && sum === checksum(value) ? value : undefined
    },
  }
}

/** Does not occur in keys. */
const separator = '\u0000'

/** Maximum key length (UTF-16 code units); keys such as package ids have about 120. */
const maxKeyUnits = 1_024

/** Maximum encoding overhead (bytes): the longest key at three bytes per unit, and the numbers. */
const overheadBytes = 4_096

interface ColdRecord {
  v: 1
  key: string
  at: number
  sum: number
  value: Uint8Array
}

const recordCodec = (maxValueBytes: number): Codec<ColdRecord> =>
  createCodec<ColdRecord>({
    name: 'cached entry',
    version: 1,
    maxBytes: maxValueBytes + overheadBytes,
    maxItems: 16,
    schema: v.strictObject({
      v: v.literal(1),
      key: v.pipe(v.string(), v.maxLength(maxKeyUnits)),
      at: integer(0),
      sum: integer(0, 0xffff_ffff),
      value: bytes(0, maxValueBytes),
    }),
  })

const toCount = (text: string | undefined): number | undefined => {
  const count = text === undefined || text === '' ? Number.NaN : Number.parseInt(text, 36)
  return Number.isSafeInteger(count) && count >= 0 && count.toString(36) === text ? count : undefined
}

/** CRC-32 (ISO 3309), reflected: detects disk corruption, not tampering. */
const checksum = (value: Uint8Array): number => {
  let crc = 0xffff_ffff
  for (const byte of value) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return ~crc >>> 0
}

const crcTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? 0xedb8_8320 ^ (crc >>> 1) : crc >>> 1
  return crc
})
