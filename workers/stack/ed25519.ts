import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concatBytes, sameBytes } from '../protocol/bytes.ts'
import { HASH_BYTES, KEY_BYTES, SIGNATURE_BYTES } from '../protocol/limits.ts'

/**
 * Ed25519 in JavaScript, for platforms without it in WebCrypto. Checks [S]B - [k]A = R without a cofactor and byte by
 * byte, as OpenSSL, BoringSSL and NSS do. The library's `verify` multiplies by the cofactor (ZIP 215) and accepts
 * signatures of keys with a small-order part that the others reject: such a peer would forward records that the others
 * consider forged.
 */
export const verifyWithoutPlatform = (key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean => {
  if (key.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  const r = signature.subarray(0, HASH_BYTES)
  const s = toInteger(signature.subarray(HASH_BYTES))
  const { Point } = ed25519
  const order = Point.Fn.ORDER
  if (s >= order) return false
  try {
    const k = toInteger(sha512(concatBytes([r, key, message]))) % order
    const expected = Point.BASE.multiplyUnsafe(s).subtract(Point.fromBytes(key).multiplyUnsafe(k))
    return sameBytes(expected.toBytes(), r)
  } catch {
    // Not a point of the curve.
    return false
  }
}

/** Little endian. */
const toInteger = (bytes: Uint8Array): bigint => {
  let value = 0n
  for (let at = bytes.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes[at] ?? 0)
  return value
}
