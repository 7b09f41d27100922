import { sameBytes } from './bytes.ts'
import type { Verify } from './crypto.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from './limits.ts'

/**
 * Ed25519 verification with the same outcome at every peer. Implementations differ on edge cases (small-order points,
 * unreduced numbers), and a record that one peer accepts and another calls forged would make honest peers ban each
 * other. So these cases are refused before the platform verifies. Sources: RFC 8032 §5.1.7; Chalkias, Garillot,
 * Nikolaenko, “Taming the many EdDSAs” (2020).
 *
 * Not covered: a key with a small-order component, which the platform must verify without the cofactor
 * (`stack/web-crypto.ts`).
 */
export type SignatureCheck = 'good' | 'bad' | 'unknown key type'

export const checkSignature = async (
  verify: Verify,
  key: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<SignatureCheck> => {
  if (key.length !== KEY_BYTES) return 'unknown key type'
  return isUnambiguous(key, signature) && (await verify(key, message, signature)) ? 'good' : 'bad'
}

/** Returns whether all implementations agree on signatures with this form of key and signature. */
export const isUnambiguous = (key: Uint8Array, signature: Uint8Array): boolean =>
  key.length === KEY_BYTES &&
  signature.length === SIGNATURE_BYTES &&
  isPlainPoint(key) &&
  isPlainPoint(signature.subarray(0, KEY_BYTES)) &&
  isBelow(signature.subarray(KEY_BYTES), groupOrder)

/** Encodes a number as Ed25519 does: 32 bytes, little endian. */
const toBytes = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))

/** Order of the group that the base point generates, L of RFC 8032 §5.1. */
const groupOrder = toBytes((1n << 252n) + 27742317777372353535851937790883648493n)

/** Prime of the field, p of RFC 8032 §5.1. */
const primeNumber = (1n << 255n) - 19n
const prime = toBytes(primeNumber)

/** y of a point of order 8. */
const orderEightY = 55188659117513257062467267217118295137698188065244968500265048394206261417927n

/** y of the points of order 4, 1, 2, 8 and 8: eight points with both signs of x. */
const smallOrderY = [0n, 1n, primeNumber - 1n, orderEightY, primeNumber - orderEightY].map(toBytes)

/** Checks for a canonical encoding and against small order. The platform checks that the point is on the curve. */
const isPlainPoint = (point: Uint8Array): boolean => {
  const y = point.slice()
  // The highest bit is the sign of x.
  y[31] = (y[31] ?? 0) & 0x7f
  return isBelow(y, prime) && !smallOrderY.some((small) => sameBytes(small, y))
}

/** Compares two little-endian numbers of 32 bytes. */
const isBelow = (value: Uint8Array, bound: Uint8Array): boolean => {
  for (let at = 31; at >= 0; at--) {
    const difference = (value[at] ?? 0) - (bound[at] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
