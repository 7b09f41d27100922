import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import type { CryptoProvider } from '../workers/protocol/crypto.ts'
import { createLruMap } from '../workers/stack/lru-map.ts'

/** Sizes of Ed25519 keys and signatures (bytes; RFC 8032 §5.1). */
const keyBytes = 32
const signatureBytes = 64

/** Precedes the raw key in an SPKI public key (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

/** Imported keys in the cache, about 500 bytes each. */
const maxKeys = 1_024

/**
 * Hashes and verifies with Node's synchronous cryptography. WebCrypto runs each job on another thread, and its result
 * waits for the next turn of the event loop: on a busy relay a turn takes tenths of a second, and one announcement needs
 * several jobs in sequence.
 *
 * `verify` returns false for anything but a valid signature and never rejects.
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
        // Most likely 32 bytes that do not encode a point of the curve.
        return false
      }
    },
  }
}
