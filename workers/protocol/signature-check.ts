import { sameBytes } from './bytes.ts'
import type { Verify } from './crypto.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from './limits.ts'

/**
 * Ed25519 as every peer has to judge it. Implementations differ on odd inputs (small-order points, numbers that are not
 * reduced), and a record that one peer takes and another calls forged would make honest peers ban each other. So
 * whatever they may differ on is refused here, before the platform is asked. Sources: RFC 8032 §5.1.7; Chalkias,
 * Garillot, Nikolaenko, “Taming the many EdDSAs” (2020).
 *
 * Not covered: a key with a small-order part of its own, which the platform has to check without a cofactor
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

/** Tells whether key and signature are of the one form that all implementations judge alike. */
export const isUnambiguous = (key: Uint8Array, signature: Uint8Array): boolean =>
  key.length === KEY_BYTES &&
  signature.length === SIGNATURE_BYTES &&
  isPlainPoint(key) &&
  isPlainPoint(signature.subarray(0, KEY_BYTES)) &&
  isBelow(signature.subarray(KEY_BYTES), groupOrder)

/** 32 bytes, little endian, as Ed25519 writes its numbers. */
const toBytes = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))

/** Order of the group that the base point generates, L of RFC 8032 §5.1. */
const groupOrder = toBytes((1n << 252n) + 27742317777372353535851937790883648493n)

/** The field's prime, p of RFC 8032 §5.1. */
const primeNumber = (1n << 255n) - 19n
const prime = toBytes(primeNumber)

/** y of a point of order 8. */
const orderEightY = 55188659117513257062467267217118295137698188065244968500265048394206261417927n

/** y of the points of order 4, 1, 2, 8 and 8; the sign of x makes eight points of them. */
const smallOrderY = [0n, 1n, primeNumber - 1n, orderEightY, primeNumber - orderEightY].map(toBytes)

/** A point in its only encoding whose order is not small. That it is on the curve is for the platform to see. */
const isPlainPoint = (point: Uint8Array): boolean => {
  const y = point.slice()
  // The highest bit is the sign of x.
  y[31] = (y[31] ?? 0) & 0x7f
  return isBelow(y, prime) && !smallOrderY.some((small) => sameBytes(small, y))
}

/** Of two numbers of 32 bytes, whether the first is the lower one. */
const isBelow = (value: Uint8Array, bound: Uint8Array): boolean => {
  for (let at = 31; at >= 0; at--) {
    const difference = (value[at] ?? 0) - (bound[at] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
