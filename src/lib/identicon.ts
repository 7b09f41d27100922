import { publisherOf, slugOf } from './names.ts'

/**
 * Identicon of a package: colour from the publisher's id, pattern from the slug, so packages of the same name by different
 * publishers look different. A visual aid only; it proves nothing.
 */

export const SEAL_CELLS = 5

/** Path data of the filled cells on a grid of 5 by 5 units, mirrored left to right. */
export const sealPath = (id: string): string => {
  const bits = fnv1a(slugOf(id))
  const half = Math.ceil(SEAL_CELLS / 2)
  const cells: string[] = []
  for (let row = 0; row < SEAL_CELLS; row += 1) {
    for (let column = 0; column < half; column += 1) {
      if (((bits >>> (row * half + column)) & 1) === 0) continue
      cells.push(cell(column, row))
      if (column < SEAL_CELLS - 1 - column) cells.push(cell(SEAL_CELLS - 1 - column, row))
    }
  }
  // A slug whose bits are all zero still gets a pattern.
  return cells.length === 0 ? cell(2, 2) : cells.join('')
}

/** Hue in degrees. */
export const sealHue = (id: string): number => fnv1a(publisherOf(id)) % 360

const cell = (column: number, row: number): string => `M${column} ${row}h1v1h-1z`

/** FNV-1a, 32 bits, finished with a shift so that the low bits depend on all of the text. */
const fnv1a = (text: string): number => {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
