import { toHex } from '../protocol/ids.ts'

/** Where the content of a root lies in the store: its manifest under its hex, its pieces behind that by number. */

/** Digits of a piece number in a key, so that keys sort by number; the largest package has 400 pieces. */
const digits = 6

export const manifestKey = (root: Uint8Array): string => toHex(root)

export const pieceKey = (root: Uint8Array, piece: number): string =>
  `${toHex(root)}/${String(piece).padStart(digits, '0')}`

/** What all keys of a root's pieces start with. */
export const piecePrefix = (root: Uint8Array): string => `${toHex(root)}/`

/** The hex of the root and the number in a piece's key; undefined for what is no such key. */
export const readPieceKey = (key: string): { rootHex: string; piece: number } | undefined => {
  const match = /^([0-9a-f]{64})\/(\d{6})$/.exec(key)
  return match?.[1] === undefined || match[2] === undefined ? undefined : { rootHex: match[1], piece: Number(match[2]) }
}
