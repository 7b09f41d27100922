import { toHex } from '../protocol/ids.ts'

/** Store keys of a root's content: the hex root for the manifest, followed by the piece number for pieces. */

/** Digits of a piece number in a key, zero-padded to sort by number; the largest package has 400 pieces. */
const digits = 6

export const manifestKey = (root: Uint8Array): string => toHex(root)

export const pieceKey = (root: Uint8Array, piece: number): string =>
  `${toHex(root)}/${String(piece).padStart(digits, '0')}`

/** Common prefix of the piece keys of a root. */
export const piecePrefix = (root: Uint8Array): string => `${toHex(root)}/`

/** Parses a piece key; undefined for any other key. */
export const readPieceKey = (key: string): { rootHex: string; piece: number } | undefined => {
  const match = /^([0-9a-f]{64})\/(\d{6})$/.exec(key)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { rootHex: match[1], piece: Number(match[2]) }
}
