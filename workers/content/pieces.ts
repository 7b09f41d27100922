import { PIECE_BYTES } from '../protocol/limits.ts'

/**
 * Cuts the concatenated bytes of files into pieces.
 *
 * A piece within one file is a view of it, so a large package is not held twice; only pieces that span files are copied.
 */
export const cutPieces = (parts: readonly Uint8Array[], pieceBytes = PIECE_BYTES): Uint8Array[] => {
  const pieces: Uint8Array[] = []
  /** A piece being assembled from several files, and its filled bytes. */
  let open: Uint8Array | undefined
  let filled = 0
  let left = parts.reduce((sum, part) => sum + part.length, 0)
  for (const part of parts) {
    for (let offset = 0; offset < part.length; ) {
      if (open === undefined) {
        const length = Math.min(pieceBytes, left)
        if (part.length - offset >= length) {
          pieces.push(part.subarray(offset, offset + length))
          offset += length
          left -= length
          continue
        }
        open = new Uint8Array(length)
        filled = 0
      }
      const taken = part.subarray(offset, offset + open.length - filled)
      open.set(taken, filled)
      filled += taken.length
      offset += taken.length
      left -= taken.length
      if (filled === open.length) {
        pieces.push(open)
        open = undefined
      }
    }
  }
  return pieces
}
