/**
 * The cryptography that the protocol needs, injected so that this folder stays pure and runs in a tab, a worker and a
 * relay. Signatures are Ed25519 with raw 32-byte public keys.
 */

export type Sha256 = (bytes: Uint8Array) => Promise<Uint8Array>

/** Resolves to false and never rejects for a malformed key or signature. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>

export interface CryptoProvider {
  readonly sha256: Sha256
  readonly verify: Verify
}

/** Signs with one private key without exposing it. */
export interface Signer {
  /** Raw Ed25519 public key, 32 bytes. */
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Promise<Uint8Array>
}
