import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { CryptoProvider } from '../workers/protocol/crypto.ts'
import { createLruMap } from '../workers/stack/lru-map.ts'

/** Lengths of Ed25519, bytes (RFC 8032 §5.1). */
const keyBytes = 32
const signatureBytes = 64

/** Before the raw key in a public key of RFC 8410 (SPKI). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** Keys that stay imported, at about 500 bytes each. */
const maxKeys = 1_024

/**
 * Hashes and signatures by Node's own cryptography, which answers within the call. WebCrypto gives each job to another
 * thread, and its answer waits for the next turn of the event loop: a relay that has much to do takes a turn in tenths of
 * a second, and one announcement needs several jobs, one after the other.
 *
 * `verify` answers false for anything that is not a valid signature, and never rejects.
 */
export const createNodeCrypto = (): CryptoProvider => {
  const keys = createLruMap<KeyObject>(maxKeys)

  const keyOf = (raw: Uint8Array): KeyObject =>
    keys.getOrCreate(Buffer.from(raw).toString('latin1'), () =>
      createPublicKey({ key: Buffer.concat([spkiPrefix, raw]), format: 'der', type: 'spki' }),
    )

  return {
    sha256: async (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
    async verify(publicKey, message, signature) {
      if (publicKey.length !== keyBytes || signature.length !== signatureBytes) return false
      try {
        return verify(null, message, keyOf(publicKey), signature)
      } catch {
        // Most likely 32 bytes that are not a point of the curve.
        return false
      }
    },
  }
}
