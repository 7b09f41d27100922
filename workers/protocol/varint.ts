import { decode } from 'uint8-varint'

/**
 * The unsigned varint (LEB128) at `at` and where it ends; `more` when the bytes end before it does; undefined when it
 * takes more than `maxBytes`, of which there may be eight. Reads no further than that.
 *
 * uint8-varint alone says neither where a number ends nor whether bytes are missing.
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
