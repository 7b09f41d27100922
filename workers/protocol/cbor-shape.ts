import { MAX_DEPTH } from './limits.ts'

/**
 * Scans CBOR before it is decoded, in one pass without recursion and without allocating declared lengths. Returns the
 * first fault. Valid input has bounded depth, a bounded number of items, no trailing bytes, lengths within the input,
 * and only the types that records may use: safe integers, 64-bit floats, byte strings, text, lists, maps, booleans and
 * null (RFC 8949; no tags, short floats, `undefined` or indefinite lengths). Current fields use no floats or negative
 * integers; fields of later versions may.
 *
 * Not checked here: UTF-8, finite floats, order of map keys, duplicate keys. The decoder and re-encoding check these.
 */
export const findShapeFault = (bytes: Uint8Array, maxItems: number): string | undefined => {
  /** Remaining items of each open list or map, innermost last. */
  const open: number[] = [1]
  let items = 0
  let position = 0
  while (open.length > 0) {
    const innermost = open.length - 1
    const left = open[innermost] ?? 0
    if (left === 0) {
      open.pop()
      continue
    }
    open[innermost] = left - 1
    items++
    if (items > maxItems) return 'it has too many parts'
    const head = bytes[position]
    if (head === undefined) return 'it ends too early'
    position++
    const type = head >> 5
    const minor = head & 31
    if (type === SIMPLE) {
      if (minor === FLOAT) {
        // The decoder and re-encoding check that it is finite and canonical.
        position += FLOAT_BYTES
        if (position > bytes.length) return 'it ends too early'
        continue
      }
      if (minor < FALSE || minor > NULL) return 'it holds a type that no record has'
      continue
    }
    if (type === TAG) return 'it holds a type that no record has'
    let argument = minor
    if (minor >= ONE_BYTE) {
      if (minor > EIGHT_BYTES) return 'it holds something without a length'
      const end = position + 2 ** (minor - ONE_BYTE)
      if (end > bytes.length) return 'it ends too early'
      argument = 0
      for (; position < end; position++) argument = argument * 256 + (bytes[position] ?? 0)
      if (argument > Number.MAX_SAFE_INTEGER) return 'it holds a number that is too large'
    }
    // A negative integer is -1 - argument.
    if (type === NEGATIVE && argument === Number.MAX_SAFE_INTEGER) return 'it holds a number that is too large'
    if (type === UNSIGNED || type === NEGATIVE) continue
    if (argument > bytes.length - position) return 'it is shorter than it says'
    if (type === BYTES || type === TEXT) {
      position += argument
    } else {
      if (open.length > MAX_DEPTH) return 'it is nested too deeply'
      open.push(type === LIST ? argument : argument * 2)
    }
  }
  return position === bytes.length ? undefined : 'something follows its end'
}

// Major types.
const UNSIGNED = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const LIST = 4
const TAG = 6
const SIMPLE = 7

// Simple values.
const FALSE = 20
const NULL = 22
const FLOAT = 27
const FLOAT_BYTES = 8

// Values of the lower five bits that precede an argument of 1, 2, 4 or 8 bytes.
const ONE_BYTE = 24
const EIGHT_BYTES = 27
