import { decode } from 'uint8-varint'

/**
 * Reads the unsigned varint (LEB128) at `at`. Returns its value and end, `more` if bytes are missing, or undefined if
 * it is longer than `maxBytes` (at most 8). Never reads beyond `maxBytes`.
 *
 * uint8-varint reports neither the end of a number nor missing bytes.
 */
export const readVarint = (
  bytes: Uint8Array,
  at: number,
  maxBytes: number,
): { value: number; end: number } | 'more' | undefined => {
  for (let end = at; end < at + maxBytes; end += 1) {
    const byte = bytes[end]
    if (byte === undefined) return 'more'
    if (byte < 0x80) return { value: decode(bytes, at), end: end + 1 }
  }
  return undefined
}
